import * as bson from '../bson/bson-types.ts';
import { documentEnd, readInt32, skipValue } from '../bson/bson-walk.ts';
import { ByteSink } from '../bson/byte-sink.ts';
import { apostrophe, CellWriter, CsvValues, type CsvTextOptions } from './bson-to-csv.ts';
import { CsvSelection } from './csv-selection.ts';
import { payloadStart } from './extended-json-writer.ts';
import { JsonPieces, type PieceOptions } from './json-pieces.ts';
import { textSlices } from './text-slices.ts';

const defaultPieceBytes = 1024 * 1024;
/** A cell of so many bytes, as a part of a piece, is written at once: as JSON in quotes it has 12 times as many at the most. */
const partOfPiece = 32;

/**
 * The row of one document as {@link bsonToCsv} writes it, in pieces: never more than a piece of it is in memory, though a
 * cell of 16 MB may have 100 MB of text.
 */
export function* csvPieces(
  document: Uint8Array,
  { pieceBytes = defaultPieceBytes, ...options }: CsvTextOptions & PieceOptions,
): Generator<Uint8Array> {
  documentEnd(document, 0);
  yield* new RowPieces(document, options, pieceBytes).row(options.columns);
}

class RowPieces {
  private readonly cells: CellWriter;
  private readonly values: CsvValues;
  private readonly smallBytes: number;
  private readonly nullText: Buffer | undefined;

  constructor(
    private readonly document: Uint8Array,
    options: CsvTextOptions,
    private readonly pieceBytes: number,
  ) {
    this.cells = new CellWriter(options, new ByteSink(pieceBytes * 1.5));
    this.nullText = options.nullText === undefined ? undefined : Buffer.from(options.nullText);
    this.values = new CsvValues(document, this.cells);
    // A large cell is never empty: binary data of no bytes has nine.
    this.smallBytes = Math.max(9, Math.floor(pieceBytes / partOfPiece));
  }

  *row(columns: readonly string[]): Generator<Uint8Array> {
    const { cells } = this;
    const selection = new CsvSelection(columns);
    selection.select(this.values.bytes, 0);
    for (let column = 0; column < columns.length; column += 1) {
      if (column > 0) cells.writeByte(cells.delimiter);
      yield* this.cell(selection.types[column]!, selection.places[column]!, columns.length === 1);
      if (cells.sink.length >= this.pieceBytes) yield cells.detach();
    }
    cells.endRow();
    yield cells.detach();
  }

  private *cell(type: number, at: number, isAlone: boolean): Generator<Uint8Array> {
    const { cells, nullText } = this;
    if (type === bson.NULL && nullText) return cells.writeRaw(nullText);
    if (type === 0 || type === bson.NULL) return isAlone ? cells.sink.writeAscii('""') : undefined;
    if (skipValue(this.document, type, at) - at > this.smallBytes) {
      yield* this.largeCell(() => this.textOf(type, at));
      return;
    }
    const from = cells.sink.length;
    this.values.write(type, at);
    if (nullText) cells.quoteWhereEqual(from, nullText);
  }

  /** Its text is made twice: whether it needs quotes shows only at its end, and all of it is too much to keep. */
  private *largeCell(textOf: () => Iterable<Uint8Array>): Generator<Uint8Array> {
    const { cells } = this;
    const isPlain = everyPiece(textOf(), (piece) => cells.isPlain(piece));
    if (!isPlain) cells.writeQuote();
    let isFirst = true;
    for (const piece of textOf()) {
      if (isFirst && cells.isFormula(piece)) cells.writeRaw(apostrophe);
      isFirst = false;
      for (const [from, to] of textSlices(piece, 0, piece.length, this.smallBytes)) {
        cells.writePart(piece, from, to);
        if (cells.sink.length >= this.pieceBytes) yield cells.detach();
      }
    }
    if (!isPlain) cells.writeQuote();
  }

  private *textOf(type: number, at: number): Generator<Uint8Array> {
    const { document } = this;
    if (type === bson.STRING) yield document.subarray(at + 4, at + 3 + readInt32(document, at));
    else if (type === bson.BINARY) yield* this.base64(at);
    else {
      const json = new JsonPieces(document, false, this.pieceBytes);
      yield* json.largeValue(type, at);
      yield* json.rest();
    }
  }

  private *base64(at: number): Generator<Uint8Array> {
    const { bytes } = this.values;
    const end = at + 5 + readInt32(bytes, at);
    // Three bytes make four characters.
    const step = 3 * this.smallBytes;
    for (let from = payloadStart(bytes, at); from < end; from += step) {
      yield Buffer.from(bytes.toString('base64', from, Math.min(from + step, end)), 'latin1');
    }
  }
}

function everyPiece(pieces: Iterable<Uint8Array>, check: (piece: Uint8Array) => boolean): boolean {
  for (const piece of pieces) if (!check(piece)) return false;
  return true;
}
