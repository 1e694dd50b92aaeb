import { cutUnit } from './text-encoding.ts';

export type Utf16 = 'utf-16le' | 'utf-16be';

/**
 * UTF-16 as it comes to UTF-8. A lone surrogate becomes the three bytes that its code point would have, and half a code
 * unit at the end a byte 0xff: neither is UTF-8, so the row that holds them is refused like any other bad one.
 */
export class Utf16Transcoder {
  /** The first byte of a code unit whose second has not come; -1 for none. */
  private half = -1;
  /** A high surrogate whose low one has not come; 0 for none. */
  private high = 0;
  private readonly low: number;

  constructor(encoding: Utf16) {
    this.low = encoding === 'utf-16le' ? 0 : 1;
  }

  push(bytes: Uint8Array): Uint8Array {
    // A code unit takes three bytes at most; a unit and a surrogate may be left over from before.
    const out = Buffer.allocUnsafeSlow((bytes.length >> 1) * 3 + 6);
    const { low } = this;
    let to = 0;
    let at = 0;
    if (this.half >= 0 && bytes.length > 0) {
      const pair = [this.half, bytes[at++]!];
      this.half = -1;
      to = this.write(out, to, pair[low]! | (pair[1 - low]! << 8));
    }
    const end = bytes.length - ((bytes.length - at) & 1);
    for (; at < end; at += 2) {
      const unit = bytes[at + low]! | (bytes[at + 1 - low]! << 8);
      if (unit < 0x80 && this.high === 0) out[to++] = unit;
      else to = this.write(out, to, unit);
    }
    if (at < bytes.length) this.half = bytes[at]!;
    return out.subarray(0, to);
  }

  /** What is left over at the end of the file. */
  finish(): Uint8Array {
    const out = Buffer.allocUnsafeSlow(4);
    let to = 0;
    if (this.high !== 0) to = writeThree(out, to, this.high);
    if (this.half >= 0) out[to++] = cutUnit;
    this.high = 0;
    this.half = -1;
    return out.subarray(0, to);
  }

  private write(out: Buffer, from: number, unit: number): number {
    let to = from;
    const { high } = this;
    if (high !== 0) {
      this.high = 0;
      if (unit >= 0xdc00 && unit <= 0xdfff)
        return writeFour(out, to, 0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00));
      to = writeThree(out, to, high);
    }
    if (unit < 0x80) out[to++] = unit;
    else if (unit < 0x800) {
      out[to++] = 0xc0 | (unit >> 6);
      out[to++] = 0x80 | (unit & 0x3f);
    } else if (unit >= 0xd800 && unit <= 0xdbff) this.high = unit;
    else to = writeThree(out, to, unit);
    return to;
  }
}

function writeThree(out: Buffer, at: number, unit: number): number {
  out[at] = 0xe0 | (unit >> 12);
  out[at + 1] = 0x80 | ((unit >> 6) & 0x3f);
  out[at + 2] = 0x80 | (unit & 0x3f);
  return at + 3;
}

function writeFour(out: Buffer, at: number, code: number): number {
  out[at] = 0xf0 | (code >> 18);
  out[at + 1] = 0x80 | ((code >> 12) & 0x3f);
  out[at + 2] = 0x80 | ((code >> 6) & 0x3f);
  out[at + 3] = 0x80 | (code & 0x3f);
  return at + 4;
}
