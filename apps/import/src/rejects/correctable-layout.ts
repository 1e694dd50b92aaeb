import type { CsvOptions } from '@keyport/codec';
import type { RejectedRow } from '@keyport/contracts';
import { cellOf, rawCells, type Separators } from './raw-cells.ts';
import { maxRawBytes } from './reject-details.ts';
import type { RejectsLayout } from './rejects-layout.ts';

/** The column that says what is wrong, unless the file has one of this name. */
const errorColumn = '_error';

/**
 * Rows of a CSV or TSV file as they were sent, each cell as it stood there, with one more column that says what is wrong.
 * What must be corrected before it can be stored stays as it was, or has one cell too many or too few: sent again as it
 * is, it is rejected again.
 */
export class CorrectableLayout implements RejectsLayout {
  readonly mediaType: string;
  readonly header: string;
  private readonly separators: Separators;
  /** The file came from here before: its last column is the error of then, and gives its place to the new one. */
  private readonly hasErrors: boolean;
  /** Cells of a good row. */
  private readonly width: number;

  constructor(names: readonly string[], format: 'csv' | 'tsv', csv: CsvOptions) {
    const { delimiter = format === 'tsv' ? '\t' : ',', quote = '"', header = true, ignore = [] } = csv;
    this.separators = { delimiter, quote };
    const last = names.at(-1) ?? '';
    this.hasErrors = last.startsWith(errorColumn) && ignore.includes(last);
    this.width = names.length;
    const type = format === 'tsv' ? 'text/tab-separated-values' : 'text/csv';
    this.mediaType = `${type}; charset=utf-8; header=${header ? 'present' : 'absent'}`;
    const all = this.hasErrors ? names : [...names, freeName(names)];
    this.header = header ? this.lineOf(all.map((name) => cellOf(name, this.separators))) : '';
  }

  line(row: RejectedRow): string {
    const { code, path, message } = row;
    const error = `${code}${path === undefined ? '' : ` at ${path}`}: ${message}`.replaceAll(/[\r\n]+/g, ' ');
    // A quote that is open ends with that of the error, behind which text is wrong: the row takes no other along.
    const isQuoted = code === 'MALFORMED_CSV';
    return this.lineOf([...this.cellsOf(row), cellOf(error, this.separators, { isQuoted })]);
  }

  private cellsOf({ code, raw, rawComplete }: RejectedRow): string[] {
    const isWhole = rawComplete === true;
    // Its quotes are what is wrong with it.
    if (isWhole && code === 'MALFORMED_CSV') return [raw];
    const cells = rawCells(raw, this.separators);
    // A character takes up to four bytes, and one of them may be what did not fit.
    if (!isWhole && Buffer.byteLength(raw) > maxRawBytes - 4) cells.pop();
    const isGood = isWhole && cells.length === this.width;
    if (isGood) return this.hasErrors ? cells.slice(0, -1) : cells;
    const dataWidth = this.hasErrors ? this.width - 1 : this.width;
    return cells.length === dataWidth ? [...cells, ''] : cells;
  }

  private lineOf(cells: readonly string[]): string {
    return `${cells.join(this.separators.delimiter)}\n`;
  }
}

function freeName(names: readonly string[]): string {
  for (let name = errorColumn, number = 2; ; number += 1) {
    if (!names.includes(name)) return name;
    name = `${errorColumn}_${number}`;
  }
}
