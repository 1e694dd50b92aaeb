import { isUtf8 } from 'node:buffer';
import type { RawRow } from './row-errors.ts';

export interface RawLimits {
  readonly maxBytes: number;
  /** White space behind the last character means something: a cell of CSV and TSV may end with it, or be empty. */
  readonly isCells: boolean;
}

/** A row's text for people to read and correct, at most `maxBytes` of it, never half a character. */
export function rawText(bytes: Buffer, start: number, end: number, { maxBytes, isCells }: RawLimits): RawRow {
  if (end - start > maxBytes) {
    let cut = start + maxBytes;
    for (let back = 0; back < 3 && cut > start && (bytes[cut]! & 0xc0) === 0x80; back++) cut--;
    return { raw: bytes.toString('utf8', start, cut), rawComplete: false };
  }
  const text = bytes.toString('utf8', start, end);
  return {
    raw: isCells ? text.replace(/\r$/, '') : text.trimEnd(),
    rawComplete: isUtf8(bytes.subarray(start, end)),
  };
}
