import { isUtf8 } from 'node:buffer';
import { beginsAsGzip, looksGzipped } from '../rows/gzip-hint.ts';
import type { RowProblem } from '../rows/row-errors.ts';

/** How a file's characters were encoded. Rows are UTF-8 by the time they are parsed; what is said of them is not. */
export interface TextEncoding {
  /** What is wrong with a row that is not UTF-8. */
  invalid(row: Uint8Array): RowProblem;
  /** Bytes that the first `length` bytes of a row took in the file. */
  lengthInFile(row: Uint8Array, length: number): number;
}

export const utf8: TextEncoding = {
  invalid: (row) => ({
    code: 'INVALID_UTF8',
    message: beginsAsGzip(row, 0)
      ? `The file ${looksGzipped}.`
      : `The bytes at offset ${firstInvalidUtf8(row)} of the row are not UTF-8.`,
  }),
  lengthInFile: (_row, length) => length,
};

export const utf16: TextEncoding = {
  invalid: (row) => {
    const at = firstInvalidUtf8(row);
    const what = row[at] === cutUnit ? 'the file ends inside a code unit' : 'a surrogate has no other half';
    return { code: 'INVALID_UTF16', message: `At offset ${utf16Length(row, 0, at)} of the row ${what}.` };
  },
  lengthInFile: (row, length) => utf16Length(row, 0, length),
};

/** In UTF-8: half a code unit that a UTF-16 file ends with. No byte of UTF-8. */
export const cutUnit = 0xff;

/** Bytes in UTF-16 of what lies between two places in its UTF-8 form, lone surrogates and a cut unit included. */
export function utf16Length(bytes: Uint8Array, start: number, end: number): number {
  let length = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if ((byte & 0xc0) !== 0x80) length += byte < 0xf0 ? 2 : byte === cutUnit ? 1 : 4;
  }
  return length;
}

function firstInvalidUtf8(bytes: Uint8Array): number {
  let good = 0;
  let bad = bytes.length;
  // A prefix is valid up to the fault, save for a sequence that is only cut: so compare up to 3 bytes further back.
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (isPrefixOfUtf8(bytes, middle)) good = middle;
    else bad = middle;
  }
  while (good > 0 && !isUtf8(bytes.subarray(0, good))) good--;
  return good;
}

function isPrefixOfUtf8(bytes: Uint8Array, length: number): boolean {
  for (let cut = 0; cut <= 3 && cut <= length; cut++) {
    const tail = bytes[length - cut];
    if (cut > 0 && (tail === undefined || tail < 0x80)) return false;
    if (isUtf8(bytes.subarray(0, length - cut))) return cut === 0 || tail! >= 0xc2;
  }
  return false;
}
