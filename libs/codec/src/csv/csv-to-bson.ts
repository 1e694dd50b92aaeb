import { isUtf8 } from 'node:buffer';
import { DOCUMENT, NULL, STRING } from '../bson/bson-types.ts';
import type { ByteSink } from '../bson/byte-sink.ts';
import { DocumentId } from '../bson/document-id.ts';
import type { TextEncoding } from '../encodings/text-encoding.ts';
import { shorten } from '../json/json-cursor.ts';
import { rowFault, type RowProblem } from '../rows/row-errors.ts';
import { OUT_OF_RANGE, writeStringText } from '../stored-types/text-to-bson.ts';
import { type CellTable, DOUBLED, PLAIN } from './cell-table.ts';
import type { Column } from './column.ts';
import { type CellType, textCell } from './cell-type.ts';
import { type ColumnNode, columnTree } from './column-tree.ts';
import type { CsvDialect } from './csv-dialect.ts';
import { isEscapedFormula } from './formula.ts';

export interface CsvToBsonOptions {
  idPrefix: Uint8Array;
  dialect: CsvDialect;
  encoding: TextEncoding;
}

/** Up to here a loop beats a call of `copy`. */
const shortCell = 48;

/** Turns the cells of a row into a BSON document. */
export class CsvToBson {
  readonly id: DocumentId;
  private columns: ColumnNode[] = [];
  private columnCount = -1;
  private problem: RowProblem | undefined;
  private bytes!: Buffer;
  private rowStart = 0;

  constructor(
    private readonly sink: ByteSink,
    private readonly cells: CellTable,
    private readonly options: CsvToBsonOptions,
  ) {
    this.id = new DocumentId(sink, options.idPrefix);
  }

  encode(bytes: Buffer, start: number, end: number, row: number, header: readonly Column[]): RowProblem | undefined {
    const { sink } = this;
    if (this.columnCount < 0) {
      this.columns = columnTree(header);
      this.columnCount = header.length;
    }
    const problem = this.findFault(bytes, start, end);
    if (problem) return problem;
    this.bytes = bytes;
    this.rowStart = start;
    const documentAt = sink.length;
    sink.reserve(end - start + 64);
    sink.length += 4;
    this.id.begin(row);
    try {
      for (const column of this.columns) this.writeColumn(column);
    } catch (error) {
      if (error !== rowFault) throw error;
      sink.length = documentAt;
      return this.problem;
    }
    this.id.finish(row);
    sink.reserve(1);
    sink.bytes[sink.length++] = 0;
    sink.view.setInt32(documentAt, sink.length - documentAt, true);
    return undefined;
  }

  private findFault(bytes: Buffer, start: number, end: number): RowProblem | undefined {
    const { cells, columnCount } = this;
    if (cells.bits >= 0x80 && !isUtf8(bytes.subarray(start, end))) {
      return this.options.encoding.invalid(bytes.subarray(start, end));
    }
    if (cells.fault) return { code: 'MALFORMED_CSV', message: `The row has ${cells.fault}.` };
    if (cells.count === columnCount) return undefined;
    return { code: 'RAGGED_ROW', message: `The row has ${cells.count} cells, the header ${columnCount}.` };
  }

  /** True where something was written. */
  private writeColumn(column: ColumnNode): boolean {
    const { sink } = this;
    const typeAt = sink.length;
    const { name } = column;
    sink.reserve(name.length + 8);
    const out = sink.bytes;
    let to = typeAt + 1;
    for (let i = 0; i < name.length; i++) out[to++] = name[i]!;
    sink.length = to;
    const type = column.cell < 0 ? this.writeDocument(column) : this.writeCell(column);
    if (type === 0) {
      sink.length = typeAt;
      return false;
    }
    sink.bytes[typeAt] = type;
    if (column.isId) this.id.found(typeAt);
    return true;
  }

  private writeDocument(column: ColumnNode): number {
    const { sink } = this;
    const at = sink.length;
    let some = false;
    sink.reserve(4);
    sink.length += 4;
    for (const child of column.children) some = this.writeColumn(child) || some;
    sink.reserve(1);
    sink.bytes[sink.length++] = 0;
    sink.view.setInt32(at, sink.length - at, true);
    return some ? DOCUMENT : 0;
  }

  private writeCell(column: ColumnNode): number {
    const { cells, bytes, rowStart } = this;
    const kind = cells.kinds[column.cell]!;
    const start = rowStart + cells.starts[column.cell]!;
    const end = rowStart + cells.ends[column.cell]!;
    if (start === end && (kind === PLAIN || !column.type.orText)) {
      const treatment = this.emptyAs(column);
      if (treatment !== STRING) return treatment;
    }
    const { nullText, unescapesFormulas } = this.options.dialect;
    if (
      nullText &&
      kind === PLAIN &&
      end - start === nullText.length &&
      bytes.compare(nullText, 0, nullText.length, start, end) === 0
    ) {
      return NULL;
    }
    if (unescapesFormulas && isEscapedFormula(bytes, start, end)) {
      // Only texts are escaped: none of them is a number.
      const type = column.type.orText ? textCell : column.type;
      return this.writeText(column, type, kind, start + 1, end);
    }
    return this.writeText(column, column.type, kind, start, end);
  }

  private writeText(column: ColumnNode, type: CellType, kind: number, start: number, end: number): number {
    if (kind === DOUBLED) return this.writeDoubled(column, type, start, end);
    return type.write ? this.writeTyped(column, type, this.bytes, start, end) : this.writeString(start, end);
  }

  /** 0 for absent, else the BSON type of an empty cell. */
  private emptyAs({ type, isId }: ColumnNode): number {
    const { emptyAs } = this.options.dialect;
    if (emptyAs === 'null') return isId ? 0 : NULL;
    return emptyAs === 'absent' || isId || (emptyAs === undefined && !type.orText) ? 0 : STRING;
  }

  private writeString(start: number, end: number): number {
    const { bytes, sink } = this;
    const length = end - start;
    sink.reserve(length + 5);
    const out = sink.bytes;
    let to = sink.length;
    sink.view.setInt32(to, length + 1, true);
    to += 4;
    if (length <= shortCell) for (let at = start; at < end; at++) out[to++] = bytes[at]!;
    else to += bytes.copy(out, to, start, end);
    out[to] = 0;
    sink.length = to + 1;
    return STRING;
  }

  private writeDoubled(column: ColumnNode, type: CellType, start: number, end: number): number {
    const { bytes, sink } = this;
    const { quote } = this.options.dialect;
    sink.reserve(end - start + 4);
    const out = sink.bytes;
    const first = sink.length + 4;
    let to = first;
    for (let at = start; at < end; at++) {
      out[to++] = bytes[at]!;
      if (bytes[at] === quote) at++;
    }
    return this.writeTyped(column, type, out, first, to);
  }

  private writeTyped(column: ColumnNode, type: CellType, text: Buffer, start: number, end: number): number {
    const { write, orText, name } = type;
    const written = write ? write(text, start, end, this.sink) : 0;
    if (written > 0) return written;
    if (orText)
      return text === this.bytes ? this.writeString(start, end) : writeStringText(text, start, end, this.sink);
    this.problem = {
      code: written === OUT_OF_RANGE ? 'NUMBER_OUT_OF_RANGE' : 'TYPE_MISMATCH',
      message: written === OUT_OF_RANGE ? `The number does not fit ${name}.` : `The cell cannot be stored as ${name}.`,
      path: column.path,
      value: shorten(this.cellText(column.cell)),
    };
    throw rowFault;
  }

  /** From the row itself: the sink, where the cell may have stood, is written over. */
  private cellText(cell: number): string {
    const { cells, rowStart } = this;
    const text = this.bytes.toString('utf8', rowStart + cells.starts[cell]!, rowStart + cells.ends[cell]!);
    const mark = String.fromCharCode(this.options.dialect.quote);
    return cells.kinds[cell] === DOUBLED ? text.replaceAll(mark + mark, mark) : text;
  }
}
