import type { CsvFramer } from './csv-framer.ts';
import type { FileError } from './row-errors.ts';
import type { RowFramer } from './row-framer.ts';
import type { RowPosition } from './row-options.ts';
import type { SourceWindow } from './source-window.ts';

/** A row that is read by itself, and its place in the file that it was in. */
export interface KnownRow {
  /** 1-based. */
  readonly row: number;
  readonly line: number;
  readonly byteOffset: number;
  /** UTF-8, without what ended the row. */
  readonly text: Uint8Array;
}

/** Rows that wait to be read. */
export class KnownRows {
  private rows: readonly KnownRow[] = [];
  private taken = 0;

  add(rows: readonly KnownRow[]): void {
    this.rows = [...this.rows.slice(this.taken), ...rows];
    this.taken = 0;
  }

  take(): KnownRow | undefined {
    const row = this.rows[this.taken];
    if (row) this.taken++;
    return row;
  }
}

/**
 * Rows whose beginning and end are known, so that none takes another along, whatever is wrong with its quotes or brackets.
 * One at a time is put into the window; of CSV its cells are noted then.
 */
export class KnownRowFramer implements RowFramer {
  start: number;
  end: number;
  next: number;
  line: number;
  nextLine: number;
  scan: number;
  known: KnownRow | undefined;
  readonly begun = false;
  readonly state = undefined;

  constructor(
    private readonly window: SourceWindow,
    private readonly rows: KnownRows,
    from: RowPosition,
    private readonly csv?: CsvFramer,
  ) {
    this.start = this.end = this.next = this.scan = from.offset;
    this.line = this.nextLine = from.line;
  }

  get header(): string[] | undefined {
    return this.csv?.header;
  }

  get fault(): FileError | undefined {
    return this.csv?.fault;
  }

  find(): boolean {
    if (this.fault) return false;
    this.known = this.rows.take();
    if (!this.known) return false;
    this.window.push(this.known.text);
    this.line = this.nextLine = this.known.line;
    this.start = this.next;
    this.end = this.next = this.scan = this.window.end;
    this.csv?.takeRest();
    return true;
  }
}
