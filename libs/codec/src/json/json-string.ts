import type { ByteSink } from '../bson/byte-sink.ts';
import type { JsonCursor } from './json-cursor.ts';

const quote = 0x22;
const backslash = 0x5c;

/** `\b` and the like, by the letter behind the backslash; 0 where there is no such escape. */
const escapes = new Uint8Array(256);
for (const [letter, byte] of Object.entries({ '"': 34, '\\': 92, '/': 47, b: 8, f: 12, n: 10, r: 13, t: 9 })) {
  escapes[letter.charCodeAt(0)] = byte;
}

/**
 * Copies a string's value as UTF-8 to the sink. The cursor stands behind the opening quote, and afterwards behind the
 * closing one. An escape never grows, so the row's rest is room enough; eight bytes more stay reserved behind.
 */
export function readString(cursor: JsonCursor, sink: ByteSink): void {
  const { src } = cursor;
  let at = cursor.at;
  sink.reserve(cursor.end - at + 8);
  const out = sink.bytes;
  let to = sink.length;
  let bits = 0;
  for (;;) {
    let byte = src[at]!;
    while (byte !== quote && byte !== backslash && byte >= 0x20) {
      out[to++] = byte;
      bits |= byte;
      byte = src[++at]!;
    }
    if (byte === quote) break;
    cursor.at = at;
    if (byte !== backslash) cursor.unexpected();
    sink.length = to;
    readEscape(cursor, sink);
    to = sink.length;
    at = cursor.at;
  }
  cursor.bits |= bits;
  cursor.at = at + 1;
  sink.length = to;
}

/** The same as JavaScript text, for names and wrappers; nothing stays in the sink. */
export function readText(cursor: JsonCursor, sink: ByteSink): string {
  const start = sink.length;
  readString(cursor, sink);
  const text = sink.bytes.toString('utf8', start, sink.length);
  sink.length = start;
  return text;
}

function readEscape(cursor: JsonCursor, sink: ByteSink): void {
  const letter = cursor.src[cursor.at + 1]!;
  const byte = escapes[letter]!;
  if (byte !== 0) {
    sink.bytes[sink.length++] = byte;
    cursor.at += 2;
    return;
  }
  if (letter !== 0x75) {
    cursor.at++;
    cursor.unexpected();
  }
  let code = readHex(cursor, cursor.at + 2);
  if (code >= 0xdc00 && code <= 0xdfff) loneSurrogate(cursor);
  if (code >= 0xd800 && code <= 0xdbff) {
    if (cursor.src[cursor.at + 6] !== backslash || cursor.src[cursor.at + 7] !== 0x75) loneSurrogate(cursor);
    const low = readHex(cursor, cursor.at + 8);
    if (low < 0xdc00 || low > 0xdfff) loneSurrogate(cursor);
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    cursor.at += 6;
  }
  cursor.at += 6;
  writeCodePoint(sink, code);
}

function loneSurrogate(cursor: JsonCursor): never {
  return cursor.fail(
    'LONE_SURROGATE',
    'A \\u escape names half a surrogate pair.',
    cursor.text(cursor.at, cursor.at + 6),
  );
}

function readHex(cursor: JsonCursor, at: number): number {
  let code = 0;
  for (let i = 0; i < 4; i++) {
    const digit = hexDigit(cursor.src[at + i]!);
    if (digit < 0) {
      cursor.at = at + i;
      cursor.unexpected();
    }
    code = code * 16 + digit;
  }
  return code;
}

export function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function writeCodePoint(sink: ByteSink, code: number): void {
  const out = sink.bytes;
  if (code < 0x80) {
    out[sink.length++] = code;
  } else if (code < 0x800) {
    out[sink.length++] = 0xc0 | (code >> 6);
    out[sink.length++] = 0x80 | (code & 0x3f);
  } else if (code < 0x10000) {
    out[sink.length++] = 0xe0 | (code >> 12);
    out[sink.length++] = 0x80 | ((code >> 6) & 0x3f);
    out[sink.length++] = 0x80 | (code & 0x3f);
  } else {
    out[sink.length++] = 0xf0 | (code >> 18);
    out[sink.length++] = 0x80 | ((code >> 12) & 0x3f);
    out[sink.length++] = 0x80 | ((code >> 6) & 0x3f);
    out[sink.length++] = 0x80 | (code & 0x3f);
  }
}
