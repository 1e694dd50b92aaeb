import type { ByteSink } from '../bson/byte-sink.ts';

/** Bytes that may stand in a JSON string as they are. */
const plain = new Uint8Array(256).fill(1, 0x20);
plain[0x22] = plain[0x5c] = 0;

const shortEscapes = new Map([
  [0x08, 'b'],
  [0x09, 't'],
  [0x0a, 'n'],
  [0x0c, 'f'],
  [0x0d, 'r'],
  [0x22, '"'],
  [0x5c, '\\'],
]);

/**
 * Writes UTF-8 bytes as the inside of a JSON string and returns them or-ed, so that the caller knows whether any was
 * beyond ASCII. The eight bytes behind are reserved.
 */
export function writeEscaped(sink: ByteSink, bytes: Uint8Array, start: number, end: number): number {
  sink.reserve(end - start + 8);
  const out = sink.bytes;
  let to = sink.length;
  let bits = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (plain[byte] === 0) {
      sink.length = to;
      return bits | writeEscapedSlowly(sink, bytes, at, end);
    }
    out[to++] = byte;
    bits |= byte;
  }
  sink.length = to;
  return bits;
}

function writeEscapedSlowly(sink: ByteSink, bytes: Uint8Array, start: number, end: number): number {
  // One byte becomes six at the most.
  sink.reserve((end - start) * 6 + 8);
  const out = sink.bytes;
  let bits = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    bits |= byte;
    if (plain[byte] !== 0) {
      out[sink.length++] = byte;
      continue;
    }
    const letter = shortEscapes.get(byte);
    sink.writeAscii(letter === undefined ? `\\u${byte.toString(16).padStart(4, '0')}` : `\\${letter}`);
  }
  return bits;
}

/** A whole number that a double has exactly. */
export function writeWholeNumber(sink: ByteSink, value: number): void {
  sink.reserve(20);
  const out = sink.bytes;
  let rest = value;
  if (rest < 0) {
    out[sink.length++] = 0x2d;
    rest = -rest;
  }
  let length = 1;
  for (let limit = 10; limit <= rest; limit *= 10) length++;
  let at = (sink.length += length);
  while (rest > 0x7fffffff) {
    const shorter = Math.floor(rest / 10);
    out[--at] = 0x30 + (rest - shorter * 10);
    rest = shorter;
  }
  let small = rest | 0;
  do {
    const shorter = (small / 10) | 0;
    out[--at] = 0x30 + (small - shorter * 10);
    small = shorter;
  } while (small > 0);
}

const scales = [10, 100, 1000, 10_000];

/** A finite double, the shortest text that reads back as the same, always with a fraction or exponent. */
export function writeDoubleText(sink: ByteSink, value: number): void {
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e15) {
    if (Object.is(value, -0)) sink.writeAscii('-0.0');
    else {
      writeWholeNumber(sink, value);
      sink.writeAscii('.0');
    }
    return;
  }
  // With 15 digits or fewer there is only one decimal that rounds to a double, so the first that does is the shortest.
  if (size >= 1e-3 && size < 1e10) {
    for (let digits = 1; digits <= 4; digits++) {
      const scaled = Math.round(size * scales[digits - 1]!);
      if (scaled / scales[digits - 1]! === size) {
        writeScaled(sink, value < 0, scaled, digits);
        return;
      }
    }
  }
  const text = String(value);
  sink.writeAscii(Number.isInteger(value) && !text.includes('e') ? `${text}.0` : text);
}

function writeScaled(sink: ByteSink, negative: boolean, scaled: number, decimals: number): void {
  const scale = scales[decimals - 1]!;
  const whole = Math.floor(scaled / scale);
  sink.reserve(32);
  if (negative) sink.bytes[sink.length++] = 0x2d;
  writeWholeNumber(sink, whole);
  sink.bytes[sink.length++] = 0x2e;
  let rest = scaled - whole * scale;
  let at = (sink.length += decimals);
  for (let i = 0; i < decimals; i++) {
    const shorter = Math.floor(rest / 10);
    sink.bytes[--at] = 0x30 + (rest - shorter * 10);
    rest = shorter;
  }
}

const hex = Buffer.from('0123456789abcdef');

export function writeHex(sink: ByteSink, bytes: Uint8Array, start: number, end: number): void {
  sink.reserve((end - start) * 2);
  const out = sink.bytes;
  let to = sink.length;
  for (let at = start; at < end; at++) {
    out[to++] = hex[bytes[at]! >> 4]!;
    out[to++] = hex[bytes[at]! & 15]!;
  }
  sink.length = to;
}
