import { BracketStack } from './bracket-stack.ts';
import { beginsAsGzip, looksGzipped } from './gzip-hint.ts';
import { FileError, type FileErrorCode } from './row-errors.ts';
import type { RowFramer } from './row-framer.ts';
import type { RowPosition } from './row-options.ts';
import type { SourceWindow } from './source-window.ts';

const newline = 0x0a;
const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;

type ArrayState = 'start' | 'first' | 'element' | 'object' | 'done';

/**
 * One row an element of the one array at the top; an object at the top is one row. Brackets and strings are followed
 * only as far as finding an element's end needs. A line break inside a string is no JSON: then a quote is missing, and
 * the line is looked at again without strings, so that it costs one element and not the file.
 */
export class JsonArrayFramer implements RowFramer {
  start: number;
  end = 0;
  next: number;
  line: number;
  nextLine: number;
  scan: number;
  fault: FileError | undefined;
  readonly header = undefined;
  private at: ArrayState;
  begun = false;
  private inString = false;
  private escaped = false;
  private lastSolid = 0;
  private lastByte = 0;
  private stringStart = 0;
  /** Up to here quotes mean nothing. */
  private brokenEnd = 0;
  private readonly open = new BracketStack();

  constructor(
    private readonly window: SourceWindow,
    private readonly maxRowBytes: number,
    from: RowPosition,
  ) {
    this.start = this.next = this.scan = from.offset;
    this.line = this.nextLine = from.line;
    this.at = (from.state as ArrayState | undefined) ?? 'start';
  }

  get state(): string {
    return this.at;
  }

  find(ended: boolean): boolean {
    if (this.fault) return false;
    if (this.at === 'start' && !this.enter(ended)) return false;
    if (this.at === 'done') return this.checkNothingFollows();
    if (!this.begun && !this.begin(ended)) return false;
    if (this.at === 'object' || !this.passElement()) return this.endObjectOrFile(ended);
    return this.finish();
  }

  /** Passes the opening bracket; an object at the top stays in front. */
  private enter(ended: boolean): boolean {
    const byte = this.skipSpace();
    if (byte < 0) return ended ? this.fail('EMPTY_FILE', 'the file is empty') : false;
    if (byte === 0x7b) {
      this.at = 'object';
      return true;
    }
    if (beginsAsGzip(this.window.bytes, this.scan - this.window.base)) {
      return this.fail('NOT_AN_ARRAY', `the file ${looksGzipped}`);
    }
    if (byte !== 0x5b) return this.fail('NOT_AN_ARRAY', 'the file must be one JSON array of objects, or one object');
    this.at = 'first';
    this.scan++;
    return true;
  }

  private begin(ended: boolean): boolean {
    const byte = this.skipSpace();
    if (byte < 0) return ended ? this.truncated() : false;
    if (byte === 0x5d && this.at === 'first') {
      this.at = 'done';
      this.scan++;
      return this.checkNothingFollows();
    }
    this.start = this.lastSolid = this.scan;
    this.line = this.nextLine;
    this.begun = true;
    this.inString = this.escaped = false;
    this.open.clear();
    return true;
  }

  /** True when `scan` stands on the comma or bracket behind the element. */
  private passElement(): boolean {
    const { bytes, base, end } = this.window;
    const stop = end - base;
    const { open } = this;
    let at = this.scan - base;
    for (; at < stop; at++) {
      const byte = bytes[at]!;
      if (this.inString) {
        at = this.passString(at, stop);
        this.lastByte = quote;
        continue;
      }
      if (byte === quote) this.beginString(at + base);
      else if (byte === newline) this.nextLine++;
      else if (byte === 0x7b || byte === 0x5b) open.push(byte);
      else if (byte === comma && open.depth === 0) break;
      else if (byte === 0x5d && !open.has(0x5b)) break;
      else if (byte === 0x7d || byte === 0x5d) open.closeUpTo(byte === 0x7d ? 0x7b : 0x5b);
      if (byte > 0x20) {
        this.lastSolid = at + base + 1;
        this.lastByte = byte;
      }
    }
    this.scan = at + base;
    return at < stop;
  }

  private beginString(offset: number): void {
    this.inString = offset >= this.brokenEnd;
    this.stringStart = offset;
  }

  /** From inside a string to its closing quote, to the last byte there is, or back to where a broken string began. */
  private passString(from: number, stop: number): number {
    const { bytes, base } = this.window;
    for (let at = from; at < stop; at++) {
      const byte = bytes[at]!;
      if (byte === newline) return this.leaveBrokenString(at + base) - base;
      if (this.escaped) this.escaped = false;
      else if (byte === backslash) this.escaped = true;
      else if (byte === quote) {
        this.inString = false;
        return at;
      }
    }
    return stop - 1;
  }

  /** Where a row is so long that its beginning may be gone, the line is not looked at again. */
  private leaveBrokenString(offset: number): number {
    this.inString = this.escaped = false;
    if (offset - this.start > this.maxRowBytes) {
      this.nextLine++;
      return offset;
    }
    this.brokenEnd = offset;
    return this.stringStart;
  }

  private finish(): boolean {
    const last = this.window.bytes[this.scan - this.window.base] === 0x5d;
    this.end = this.scan;
    this.next = ++this.scan;
    this.at = last ? 'done' : 'element';
    this.begun = false;
    return true;
  }

  /** A lone object ends where its braces do; an element that the file breaks off in counts if it is whole. */
  private endObjectOrFile(ended: boolean): boolean {
    if (this.at === 'object') {
      if (this.passObject()) return true;
      return ended ? this.fail('TRUNCATED_ARRAY', 'the file ends inside its object') : false;
    }
    if (!ended) return false;
    const whole = this.open.depth === 0 && !this.inString && this.lastByte === 0x7d;
    if (!whole) return this.truncated();
    this.end = this.lastSolid;
    this.next = this.scan;
    this.begun = false;
    this.at = 'element';
    return true;
  }

  private passObject(): boolean {
    const { bytes, base, end } = this.window;
    const stop = end - base;
    for (let at = this.scan - base; at < stop; at++) {
      const byte = bytes[at]!;
      if (this.inString) {
        at = this.passString(at, stop);
      } else if (byte === quote) this.beginString(at + base);
      else if (byte === newline) this.nextLine++;
      else if (byte === 0x7b || byte === 0x5b) this.open.push(byte);
      else if (byte === 0x7d || byte === 0x5d) {
        this.open.closeUpTo(byte === 0x7d ? 0x7b : 0x5b);
        if (this.open.depth === 0) {
          this.end = this.next = this.scan = at + base + 1;
          this.at = 'done';
          this.begun = false;
          return true;
        }
      }
    }
    this.scan = end;
    return false;
  }

  private checkNothingFollows(): boolean {
    if (this.skipSpace() < 0) return false;
    return this.fail(
      'TRAILING_DATA',
      'the file goes on behind its array or object; one row a line is application/x-ndjson',
    );
  }

  /** The next byte that is no white space, not taken; -1 where there is none yet. */
  private skipSpace(): number {
    const { bytes, base, end } = this.window;
    for (let at = this.scan - base; at < end - base; at++) {
      const byte = bytes[at]!;
      if (byte === newline) this.nextLine++;
      else if (byte !== 0x20 && byte !== 0x0d && byte !== 0x09) {
        this.scan = at + base;
        return byte;
      }
    }
    this.scan = end;
    return -1;
  }

  private truncated(): boolean {
    return this.fail('TRUNCATED_ARRAY', 'the file ends before its array does');
  }

  private fail(code: FileErrorCode, message: string): false {
    this.fault = new FileError(code, message, this.scan, this.nextLine);
    return false;
  }
}
