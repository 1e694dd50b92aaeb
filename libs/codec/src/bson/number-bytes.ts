import { Decimal128 } from 'bson';
import { INT32, INT64 } from './bson-types.ts';
import type { ByteSink } from './byte-sink.ts';

const twoTo32 = 4294967296;
const minInt64 = -(2n ** 63n);
const maxInt64 = 2n ** 63n - 1n;

/** Numbers below hold 15 digits or fewer, so a double has them exactly. */
export function writeInt64(sink: ByteSink, value: number): void {
  sink.reserve(8);
  const high = Math.floor(value / twoTo32);
  sink.view.setUint32(sink.length, value - high * twoTo32, true);
  sink.view.setInt32(sink.length + 4, high, true);
  sink.length += 8;
}

/** An int32 where it fits, else an int64; `long` asks for an int64 always. `value` must be a safe integer. */
export function writeInteger(sink: ByteSink, value: number, long: boolean): number {
  if (!long && value >= -2147483648 && value <= 2147483647) {
    sink.reserve(4);
    sink.view.setInt32(sink.length, value, true);
    sink.length += 4;
    return INT32;
  }
  writeInt64(sink, value);
  return INT64;
}

/** The same for digits of any length; 0 where an int64 is too small. */
export function writeLongInteger(sink: ByteSink, digits: string, long: boolean): number {
  const value = BigInt(digits);
  if (value < minInt64 || value > maxInt64) return 0;
  if (Number.isSafeInteger(Number(value))) return writeInteger(sink, Number(value), long);
  sink.reserve(8);
  sink.view.setBigInt64(sink.length, value, true);
  sink.length += 8;
  return INT64;
}

export function writeDouble(sink: ByteSink, value: number): void {
  sink.reserve(8);
  sink.view.setFloat64(sink.length, value, true);
  sink.length += 8;
}

const shortDecimal = /^-?(\d{1,15})(?:\.(\d{1,15}))?$/;

/** False where the text is no decimal, or one that 34 digits cannot hold exactly. */
export function writeDecimal128(sink: ByteSink, text: string): boolean {
  sink.reserve(16);
  const short = shortDecimal.exec(text);
  if (short && short[1]!.length + (short[2]?.length ?? 0) <= 15) {
    writeShortDecimal(sink, text.startsWith('-'), Number(short[1]! + (short[2] ?? '')), short[2]?.length ?? 0);
    return true;
  }
  try {
    sink.bytes.set(Decimal128.fromString(text).bytes, sink.length);
  } catch {
    return false;
  }
  sink.length += 16;
  return true;
}

// IEEE 754-2008 decimal128 in its binary encoding: sign, 14 bits of exponent biased by 6176, 113 bits of coefficient.
function writeShortDecimal(sink: ByteSink, negative: boolean, coefficient: number, scale: number): void {
  writeInt64(sink, coefficient);
  sink.view.setUint32(sink.length, 0, true);
  sink.view.setUint32(sink.length + 4, (((6176 - scale) << 17) | (negative ? 0x80000000 : 0)) >>> 0, true);
  sink.length += 8;
}
