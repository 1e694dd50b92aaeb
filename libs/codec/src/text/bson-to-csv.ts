import { isUtf8 } from 'node:buffer';
import { Decimal128 } from 'bson';
import * as bson from '../bson/bson-types.ts';
import { documentEnd, readInt32 } from '../bson/bson-walk.ts';
import { ByteSink } from '../bson/byte-sink.ts';
import { looksLikeFormula } from '../csv/formula.ts';
import { JsonText } from './bson-to-json.ts';
import { CsvSelection } from './csv-selection.ts';
import { writeIsoDate } from './date-text.ts';
import { writeDoubleText, writeHex, writeWholeNumber } from './json-text.ts';

export interface CsvTextStyle {
  /** One ASCII character that stands in no number or date; default comma. */
  delimiter?: string;
  /** Stands for null, not in quotes; default nothing, as for an absent field. Neither delimiter, quote nor line break. */
  nullText?: string;
  /** Puts an apostrophe before texts that a spreadsheet would take for formulas. */
  formulas?: 'escape';
  /** Default `lf`. */
  newline?: 'lf' | 'crlf';
}

export interface CsvTextOptions extends CsvTextStyle {
  /** Paths (`columnPath`). A nested field has its own column; arrays and documents asked for as a whole are JSON text. */
  columns: readonly string[];
}

const quote = 0x22;
const newline = 0x0a;
const carriageReturn = 0x0d;
export const apostrophe = Buffer.from("'");

/** The row of column names, with its line break. */
export function csvHeader(columns: readonly string[], style: CsvTextStyle = {}): Uint8Array {
  const cells = new CellWriter(style, new ByteSink(256));
  for (const [index, name] of columns.entries()) {
    if (index > 0) cells.writeByte(cells.delimiter);
    const text = Buffer.from(name);
    cells.writeText(text, 0, text.length);
  }
  cells.endRow();
  return cells.sink.bytes.subarray(0, cells.sink.length);
}

/**
 * Documents as CSV rows after RFC 4180, a line break behind each, no header. Null and absent fields are empty, an empty
 * string is two quotes. Dates are ISO 8601, binary data base64, what CSV has no form for is Extended JSON.
 */
export function bsonToCsv(documents: Uint8Array, options: CsvTextOptions): Uint8Array {
  const { columns } = options;
  const nullText = options.nullText === undefined ? undefined : Buffer.from(options.nullText);
  const cells = new CellWriter(options, new ByteSink(Math.ceil(documents.length * 1.25) + 256));
  const values = new CsvValues(documents, cells);
  const selection = new CsvSelection(columns);
  for (let at = 0; at < documents.length; at = documentEnd(documents, at)) {
    documentEnd(documents, at);
    selection.select(values.bytes, at);
    for (let column = 0; column < columns.length; column++) {
      if (column > 0) cells.writeByte(cells.delimiter);
      const type = selection.types[column]!;
      if (type === bson.NULL && nullText) cells.writeRaw(nullText);
      else if (type !== 0 && type !== bson.NULL) {
        const from = cells.sink.length;
        values.write(type, selection.places[column]!);
        if (nullText) cells.quoteWhereEqual(from, nullText);
      }
      // A line of nothing would be no row.
      else if (columns.length === 1) cells.sink.writeAscii('""');
    }
    cells.endRow();
  }
  return cells.finish();
}

export class CellWriter {
  readonly delimiter: number;
  /** All bytes of texts, or-ed. */
  bits = 0;
  private readonly plain = new Uint8Array(256).fill(1);
  private readonly escapesFormulas: boolean;
  private readonly isCrlf: boolean;

  constructor(
    { delimiter = ',', formulas, newline: lineBreak }: CsvTextStyle,
    readonly sink: ByteSink,
  ) {
    this.escapesFormulas = formulas === 'escape';
    this.isCrlf = lineBreak === 'crlf';
    this.delimiter = delimiter.charCodeAt(0);
    if (delimiter.length !== 1 || this.delimiter >= 0x80) throw new RangeError('delimiter must be one ASCII character');
    for (const byte of [this.delimiter, quote, newline, carriageReturn]) this.plain[byte] = 0;
  }

  writeByte(byte: number): void {
    this.sink.reserve(1);
    this.sink.bytes[this.sink.length++] = byte;
  }

  endRow(): void {
    if (this.isCrlf) this.writeByte(carriageReturn);
    this.writeByte(newline);
  }

  /** A cell that needs no quotes. */
  writeRaw(cell: Uint8Array): void {
    this.sink.reserve(cell.length);
    this.sink.bytes.set(cell, this.sink.length);
    this.sink.length += cell.length;
  }

  /** Puts the cell that begins at `from` into quotes where it would read as something else without. */
  quoteWhereEqual(from: number, other: Buffer): void {
    const { sink } = this;
    if (sink.length - from !== other.length || other.compare(sink.bytes, from, sink.length) !== 0) return;
    sink.length = from;
    this.writeQuoted(other, 0, other.length);
  }

  /** Whether an apostrophe goes before a text that begins so. */
  isFormula(text: Uint8Array): boolean {
    return this.escapesFormulas && looksLikeFormula(text, 0, text.length);
  }

  writeText(bytes: Uint8Array, start: number, end: number): void {
    if (this.escapesFormulas && looksLikeFormula(bytes, start, end)) {
      const escaped = Buffer.concat([apostrophe, bytes.subarray(start, end)]);
      this.writeCell(escaped, 0, escaped.length);
    } else this.writeCell(bytes, start, end);
  }

  private writeCell(bytes: Uint8Array, start: number, end: number): void {
    const { sink, plain } = this;
    sink.reserve(end - start + 2);
    const out = sink.bytes;
    let to = sink.length;
    let at = start;
    let bits = 0;
    for (; at < end && plain[bytes[at]!] !== 0; at++) {
      const byte = bytes[at]!;
      out[to++] = byte;
      bits |= byte;
    }
    this.bits |= bits;
    if (at < end || start === end) this.writeQuoted(bytes, start, end);
    else sink.length = to;
  }

  /** Whether the text needs no quotes. */
  isPlain(text: Uint8Array): boolean {
    for (let at = 0; at < text.length; at++) if (this.plain[text[at]!] === 0) return false;
    return text.length > 0;
  }

  writeQuote(): void {
    this.writeByte(quote);
  }

  /** What stands within quotes, or all of a text that needs none. */
  writePart(bytes: Uint8Array, start: number, end: number): void {
    const { sink } = this;
    sink.reserve((end - start) * 2);
    const out = sink.bytes;
    let to = sink.length;
    let bits = 0;
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!;
      bits |= byte;
      out[to++] = byte;
      if (byte === quote) out[to++] = quote;
    }
    this.bits |= bits;
    sink.length = to;
  }

  /** All that was written so far, for good; writing goes on in a fresh buffer, between two characters. */
  detach(): Uint8Array {
    const text = this.finish();
    this.sink.detach(this.sink.length, this.sink.bytes.length);
    this.bits = 0;
    return text;
  }

  /** What stored strings hold beyond UTF-8 is replaced by U+FFFD. */
  finish(): Uint8Array {
    const text = this.sink.bytes.subarray(0, this.sink.length);
    return this.bits < 0x80 || isUtf8(text) ? text : Buffer.from(text.toString());
  }

  private writeQuoted(bytes: Uint8Array, start: number, end: number): void {
    this.writeQuote();
    this.writePart(bytes, start, end);
    this.writeQuote();
  }
}

export class CsvValues {
  readonly bytes: Buffer;
  private readonly view: DataView;
  private readonly scratch = new ByteSink(256);
  private readonly json: JsonText;

  constructor(
    documents: Uint8Array,
    private readonly cells: CellWriter,
  ) {
    this.json = new JsonText(documents, false, this.scratch);
    this.bytes = this.json.source;
    this.view = this.json.view;
  }

  write(type: number, at: number): void {
    const { bytes, view, cells } = this;
    const { sink } = cells;
    switch (type) {
      case bson.STRING:
        cells.writeText(bytes, at + 4, at + 3 + readInt32(bytes, at));
        return;
      case bson.INT32:
        writeWholeNumber(sink, view.getInt32(at, true));
        return;
      case bson.DOUBLE:
        this.writeDouble(view.getFloat64(at, true));
        return;
      case bson.BOOLEAN:
        sink.writeAscii(bytes[at] === 0 ? 'false' : 'true');
        return;
      case bson.OBJECT_ID:
        writeHex(sink, bytes, at, at + 12);
        return;
      case bson.INT64:
        sink.writeAscii(String(view.getBigInt64(at, true)));
        return;
      case bson.DECIMAL128:
        sink.writeAscii(new Decimal128(bytes.subarray(at, at + 16)).toString());
        return;
      case bson.DATE:
        if (!writeIsoDate(sink, Number(view.getBigInt64(at, true)))) this.writeJson(type, at);
        return;
      case bson.BINARY:
        this.writeBinary(at);
        return;
      default:
        this.writeJson(type, at);
    }
  }

  private writeDouble(value: number): void {
    if (Number.isFinite(value) && !Number.isInteger(value)) writeDoubleText(this.cells.sink, value);
    else this.cells.sink.writeAscii(Object.is(value, -0) ? '-0' : String(value));
  }

  private writeBinary(at: number): void {
    const { bytes, cells } = this;
    const start = bytes[at + 4] === 2 ? at + 9 : at + 5;
    const text = Buffer.from(bytes.toString('base64', start, at + 5 + readInt32(bytes, at)));
    cells.writeText(text, 0, text.length);
  }

  private writeJson(type: number, at: number): void {
    const { scratch } = this;
    scratch.length = 0;
    this.json.writeValue(type, at);
    this.cells.writeText(scratch.bytes, 0, scratch.length);
  }
}
