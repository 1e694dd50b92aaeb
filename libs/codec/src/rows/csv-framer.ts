import { CellTable, DOUBLED, PLAIN, QUOTED } from '../csv/cell-table.ts';
import type { CsvDialect } from '../csv/csv-dialect.ts';
import { type Column, columnsOf } from '../csv/column.ts';
import { headerNames } from '../csv/csv-header.ts';
import { unescapedFormula } from '../csv/formula.ts';
import type { TypeNode } from '../stored-types/stored-type.ts';
import { beginsAsGzip, looksGzipped } from './gzip-hint.ts';
import { FileError } from './row-errors.ts';
import type { RowFramer } from './row-framer.ts';
import type { RowLimits, RowPosition } from './row-options.ts';
import type { SourceWindow } from './source-window.ts';

const newline = 0x0a;
const carriageReturn = 0x0d;

const CELL_START = 0;
const IN_PLAIN = 1;
const IN_QUOTED = 2;
/** Behind a quote inside a quoted cell: the cell's end, or the first half of a doubled quote. */
const AFTER_QUOTE = 3;
/** Behind a CR after a closing quote. */
const AFTER_QUOTE_CR = 4;

/**
 * Rows after RFC 4180: a line break inside quotes is text, LF ends a row as CRLF does, empty lines are none. The cells'
 * places are noted on the way.
 */
export class CsvFramer implements RowFramer {
  start: number;
  end = 0;
  next: number;
  line: number;
  nextLine: number;
  scan: number;
  begun = false;
  fault: FileError | undefined;
  /** As they stand in the file, types included. */
  header: string[] | undefined;
  columns: Column[] = [];
  readonly state = undefined;
  readonly cells: CellTable;
  private inside = CELL_START;
  private cellStart = 0;
  private doubled = false;
  private cellQuoted = false;

  constructor(
    private readonly window: SourceWindow,
    private readonly dialect: CsvDialect,
    private readonly types: TypeNode,
    private readonly limits: RowLimits,
    from: RowPosition,
  ) {
    this.start = this.next = this.scan = from.offset;
    this.line = this.nextLine = from.line;
    this.cells = new CellTable(limits.maxColumns);
    if (from.header) this.setHeader(from.header);
    else if (!dialect.hasHeader) this.setHeader(dialect.columns ?? []);
  }

  find(ended: boolean): boolean {
    if (this.fault) return false;
    if (!this.header && !this.findHeader(ended)) return false;
    return this.findRow(ended);
  }

  /** Takes the text that was not looked at yet for one row, and for all of it. */
  takeRest(): void {
    this.start = this.scan;
    this.begun = true;
    this.cells.clear();
    this.beginCell(0);
    if (!this.passRow()) this.endOfFile();
  }

  private findHeader(ended: boolean): boolean {
    const found = this.findRow(ended);
    const tooLong = this.scan - this.start > this.limits.maxRowBytes && (found || this.begun);
    if ((found || tooLong) && beginsAsGzip(this.window.bytes, this.start - this.window.base)) {
      this.badHeader(`the file ${looksGzipped}`);
      return false;
    }
    if (tooLong) {
      this.fail(new FileError('HEADER_TOO_LARGE', 'the header is longer than a row may be', this.start, this.line));
      return false;
    }
    if (!found) return false;
    const { cells } = this;
    const names = headerNames(
      this.window.bytes,
      this.start - this.window.base,
      cells,
      this.dialect.quote,
      this.limits.maxColumns,
    );
    const { columns } = this.dialect;
    if (typeof names !== 'string' && columns && columns.length !== names.length) {
      this.badHeader(`${columns.length} columns were named, but the header has ${names.length}`);
      return false;
    }
    if (typeof names === 'string') this.badHeader(names);
    else this.setHeader(columns ?? (this.dialect.unescapesFormulas ? names.map(unescapedFormula) : names));
    return this.fault === undefined;
  }

  private setHeader(names: string[]): void {
    const columns = columnsOf(names, this.dialect, this.types, this.limits);
    if (typeof columns === 'string') {
      this.badHeader(columns);
      return;
    }
    this.header = names;
    this.columns = columns;
  }

  private badHeader(message: string): void {
    this.fail(new FileError('BAD_HEADER', message, this.start, this.line));
  }

  private fail(fault: FileError): void {
    this.fault = fault;
    this.begun = false;
  }

  private findRow(ended: boolean): boolean {
    if (!this.begun && !this.begin()) return false;
    if (this.passRow()) return true;
    return ended && this.endOfFile();
  }

  private begin(): boolean {
    const { bytes, base, end } = this.window;
    let at = this.scan - base;
    const stop = end - base;
    this.line = this.nextLine;
    while (at < stop) {
      const length = bytes[at] === newline ? 1 : bytes[at] === carriageReturn && bytes[at + 1] === newline ? 2 : 0;
      // The newline that stands behind the window is none of the text's.
      if (length === 0 || at + length > stop) break;
      at += length;
      this.line++;
    }
    this.start = this.scan = at + base;
    this.nextLine = this.line;
    if (at === stop || (bytes[at] === carriageReturn && at + 1 === stop)) return false;
    this.begun = true;
    this.cells.clear();
    this.beginCell(0);
    return true;
  }

  private beginCell(start: number): void {
    this.inside = CELL_START;
    this.cellStart = start;
    this.cellQuoted = this.doubled = false;
  }

  /** True behind the line break that ends the row. */
  private passRow(): boolean {
    const { bytes, base, end } = this.window;
    const { delimiter, quote } = this.dialect;
    const { cells } = this;
    const stop = end - base;
    const origin = this.start - base;
    let at = this.scan - base;
    while (at < stop) {
      if (this.inside <= IN_PLAIN) {
        let byte = bytes[at]!;
        if (this.inside === CELL_START && byte === quote) {
          this.inside = IN_QUOTED;
          this.cellQuoted = true;
          this.cellStart = ++at - origin;
          continue;
        }
        this.inside = IN_PLAIN;
        let bits = 0;
        while (byte !== delimiter && byte !== newline && byte !== quote) {
          bits |= byte;
          byte = bytes[++at]!;
        }
        cells.bits |= bits;
        if (at >= stop) break;
        if (byte === quote) {
          cells.fault ??= 'a quote inside a cell that does not begin with one';
          at++;
          continue;
        }
        this.addPlainCell(at - origin, byte === newline, bytes[at - 1]!);
        at++;
        if (byte === newline) return this.endRow(at - 1 + base, at + base);
        this.beginCell(at - origin);
      } else {
        at = this.passQuoted(at, stop, origin);
        if (!this.begun) return true;
      }
    }
    this.scan = stop + base;
    return false;
  }

  /** One step in or behind a quoted cell; the next place to look at. */
  private passQuoted(from: number, stop: number, origin: number): number {
    const { bytes, base } = this.window;
    const { delimiter, quote } = this.dialect;
    let at = from;
    if (this.inside === IN_QUOTED) {
      let bits = 0;
      for (; at < stop && bytes[at] !== quote; at++) {
        bits |= bytes[at]!;
        if (bytes[at] === newline) this.nextLine++;
      }
      this.cells.bits |= bits;
      if (at < stop) this.inside = AFTER_QUOTE;
      return Math.min(at + 1, stop);
    }
    const byte = bytes[at]!;
    const cellEnd = at - 1 - origin - (this.inside === AFTER_QUOTE_CR ? 1 : 0);
    if (byte === newline || (byte === delimiter && this.inside === AFTER_QUOTE)) {
      this.cells.add(this.cellStart, cellEnd, this.doubled ? DOUBLED : QUOTED);
      if (byte === newline) this.endRow(at + base, at + 1 + base);
      else this.beginCell(at + 1 - origin);
      return at + 1;
    }
    if (this.inside === AFTER_QUOTE && byte === quote) {
      this.doubled = true;
      this.inside = IN_QUOTED;
      return at + 1;
    }
    if (this.inside === AFTER_QUOTE && byte === carriageReturn) {
      this.inside = AFTER_QUOTE_CR;
      return at + 1;
    }
    this.cells.fault ??= 'text behind the closing quote of a cell';
    this.inside = IN_PLAIN;
    return at;
  }

  private addPlainCell(end: number, last: boolean, before: number): void {
    const cut = last && before === carriageReturn && end > this.cellStart ? 1 : 0;
    this.cells.add(this.cellStart, end - cut, this.cellQuoted ? QUOTED : PLAIN);
  }

  private endRow(end: number, next: number): true {
    this.end = end;
    this.next = this.scan = next;
    this.nextLine++;
    this.begun = false;
    return true;
  }

  /** The last row needs no line break. */
  private endOfFile(): boolean {
    const { bytes, base, end } = this.window;
    const length = end - this.start;
    if (this.inside <= IN_PLAIN) {
      this.addPlainCell(length, true, bytes[end - 1 - base]!);
    } else {
      if (this.inside === IN_QUOTED) this.cells.fault ??= 'no closing quote before the end of the file';
      const behind = this.inside === IN_QUOTED ? 0 : this.inside === AFTER_QUOTE ? 1 : 2;
      this.cells.add(this.cellStart, length - behind, this.doubled ? DOUBLED : QUOTED);
    }
    this.endRow(end, end);
    this.nextLine--;
    return true;
  }
}
