import type { FileError } from './row-errors.ts';
import type { RowFramer } from './row-framer.ts';
import type { RowPosition } from './row-options.ts';
import type { SourceWindow } from './source-window.ts';

const newline = 0x0a;

/** One row a line; lines of white space alone are none. */
export class NdjsonFramer implements RowFramer {
  start: number;
  end = 0;
  next: number;
  line: number;
  nextLine: number;
  scan: number;
  begun = false;
  readonly state = undefined;
  readonly header = undefined;
  readonly fault: FileError | undefined = undefined;

  constructor(
    private readonly window: SourceWindow,
    from: RowPosition,
  ) {
    this.start = this.next = this.scan = from.offset;
    this.line = this.nextLine = from.line;
  }

  find(ended: boolean): boolean {
    const { window } = this;
    if (!this.begun && !this.begin()) return false;
    // Stops at the newline behind the window at the latest.
    const at = window.bytes.indexOf(newline, this.scan - window.base) + window.base;
    this.scan = at;
    if (at === window.end && !ended) return false;
    this.end = at;
    this.next = this.scan = Math.min(at + 1, window.end);
    this.nextLine = this.line + (at < window.end ? 1 : 0);
    this.begun = false;
    return true;
  }

  /** Passes over white space and empty lines to where a row begins. */
  private begin(): boolean {
    const { bytes, base, end } = this.window;
    this.line = this.nextLine;
    let at = this.scan - base;
    let byte = bytes[at]!;
    while (byte <= 0x20 && at < end - base && isSpace(byte)) {
      if (byte === newline) this.line++;
      byte = bytes[++at]!;
    }
    this.start = this.scan = at + base;
    this.nextLine = this.line;
    this.begun = this.start < end;
    return this.begun;
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === newline || byte === 0x0d || byte === 0x09;
}
