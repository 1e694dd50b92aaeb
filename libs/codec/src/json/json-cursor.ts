import { isUtf8 } from 'node:buffer';
import type { TextEncoding } from '../encodings/text-encoding.ts';
import { rowFault, type RowErrorCode, type RowProblem } from '../rows/row-errors.ts';

const quote = 0x22;
const backslash = 0x5c;

/** How much of a value a problem shows. */
const maxValueLength = 100;

/**
 * A place in the JSON text of one row. While a row is open the byte behind it is a NUL, which no rule of the grammar
 * takes: every loop stops there without counting.
 */
export class JsonCursor {
  src: Buffer = Buffer.alloc(1);
  at = 0;
  end = 0;
  /** All bytes of strings so far, or-ed: 0x80 and above means that UTF-8 must be checked. */
  bits = 0;
  /** Depth of the field read last, and by depth where its name begins; an array index i is kept as -1 - i. */
  depth = 0;
  readonly keys: Int32Array;
  problem: RowProblem = { code: 'MALFORMED_JSON', message: '' };
  private start = 0;
  private behind = 0;

  constructor(
    maxDepth: number,
    private readonly encoding: TextEncoding,
  ) {
    this.keys = new Int32Array(maxDepth + 2);
  }

  open(src: Buffer, start: number, end: number): void {
    this.src = src;
    this.start = this.at = start;
    this.end = end;
    this.bits = 0;
    this.depth = 0;
    this.behind = src[end]!;
    src[end] = 0;
  }

  close(): void {
    this.src[this.end] = this.behind;
  }

  /** Passes over white space and returns the byte behind it without taking it. */
  skipSpace(): number {
    const byte = this.src[this.at]!;
    return byte > 0x20 ? byte : this.skipSpaceSlowly();
  }

  expect(byte: number): void {
    if (this.skipSpace() !== byte) this.unexpected();
    this.at++;
  }

  checkUtf8(): void {
    if (this.bits >= 0x80 && !isUtf8(this.src.subarray(this.start, this.end))) this.fail('INVALID_UTF8', '');
  }

  fail(code: RowErrorCode, message: string, value?: string): never {
    const row = this.src.subarray(this.start, this.end);
    this.problem = isUtf8(row) ? { code, message } : this.encoding.invalid(row);
    if (this.problem.code === code && code !== 'MALFORMED_JSON' && this.depth > 0) {
      this.problem.path = this.path();
    }
    if (value !== undefined) this.problem.value = shorten(value);
    throw rowFault;
  }

  unexpected(): never {
    if (this.at >= this.end) return this.fail('MALFORMED_JSON', 'The row ends inside a value.');
    const text = this.src.subarray(this.at, Math.min(this.at + 4, this.end)).toString();
    const character = JSON.stringify(String.fromCodePoint(text.codePointAt(0) ?? 0));
    const at = this.encoding.lengthInFile(this.src.subarray(this.start, this.end), this.at - this.start);
    return this.fail('MALFORMED_JSON', `Unexpected ${character} at byte ${at} of the row.`);
  }

  /** The text between two positions, for a problem's `value`. */
  text(start: number, end: number): string {
    return shorten(this.src.subarray(start, Math.min(end, start + 4 * maxValueLength)).toString());
  }

  private path(): string {
    const names: string[] = [];
    for (let depth = 1; depth <= this.depth; depth++) {
      const key = this.keys[depth]!;
      names.push(key < 0 ? String(-1 - key) : this.nameAt(key));
    }
    return names.join('.');
  }

  private nameAt(start: number): string {
    let end = start;
    while (end < this.end && this.src[end] !== quote) end += this.src[end] === backslash ? 2 : 1;
    const text = this.src.subarray(start, Math.min(end, this.end)).toString();
    try {
      return JSON.parse(`"${text}"`) as string;
    } catch {
      return text;
    }
  }

  private skipSpaceSlowly(): number {
    const { src } = this;
    let at = this.at;
    let byte = src[at]!;
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = src[++at]!;
    this.at = at;
    return byte;
  }
}

export function shorten(value: string): string {
  return value.length <= maxValueLength ? value : `${value.slice(0, maxValueLength)}…`;
}
