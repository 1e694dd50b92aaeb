import { type TextEncoding, utf8 } from '../encodings/text-encoding.ts';

const initialCapacity = 64 * 1024;

/** The part of the decoded text that is still needed, addressed by offsets in the whole. A newline stands behind it. */
export class SourceWindow {
  readonly encoding: TextEncoding = utf8;
  bytes: Buffer = Buffer.allocUnsafeSlow(initialCapacity);
  /** Offset in the whole text of `bytes[0]`. */
  base: number;
  /** Offset behind the last byte held. */
  end: number;
  private low: number;

  constructor(offset: number) {
    this.base = this.end = this.low = offset;
  }

  push(piece: Uint8Array): void {
    const held = this.end - this.base;
    if (held + piece.length >= this.bytes.length) this.makeRoom(piece.length);
    this.bytes.set(piece, this.end - this.base);
    this.end += piece.length;
    // What is left over behind must not be searched.
    this.bytes[this.end - this.base] = 0x0a;
  }

  /** No more pieces come. */
  finish(): void {
    // Nothing is left over in UTF-8.
  }

  /** Where the text at `offset` stands in the file as it was sent (decompressed). */
  fileOffset(offset: number): number {
    return offset;
  }

  /** The bytes before `offset` are not needed any more. */
  release(offset: number): void {
    this.low = Math.max(this.low, Math.min(offset, this.end));
  }

  /** A copy of what lies between two offsets. */
  copy(start: number, end: number): Buffer {
    return Buffer.from(this.bytes.subarray(start - this.base, end - this.base));
  }

  private makeRoom(count: number): void {
    const live = this.end - this.low;
    const from = this.low - this.base;
    const needed = live + count + 1;
    if (needed * 2 <= this.bytes.length || (needed <= this.bytes.length && from >= live)) {
      this.bytes.copyWithin(0, from, from + live);
    } else {
      const larger = Buffer.allocUnsafeSlow(Math.max(initialCapacity, 2 ** Math.ceil(Math.log2(needed * 1.5))));
      this.bytes.copy(larger, 0, from, from + live);
      this.bytes = larger;
    }
    this.base = this.low;
  }
}
