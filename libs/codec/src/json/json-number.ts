import { DECIMAL128, DOUBLE } from '../bson/bson-types.ts';
import type { ByteSink } from '../bson/byte-sink.ts';
import { writeDecimal128, writeDouble, writeInteger, writeLongInteger } from '../bson/number-bytes.ts';
import { ANY, AS_DECIMAL, AS_DOUBLE, AS_INT, AS_LONG, storedTypeName } from '../stored-types/stored-type.ts';
import type { JsonCursor } from './json-cursor.ts';

const powersOfTen = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** Reads the number that the cursor stands on, writes it and returns its BSON type. */
export function readNumber(cursor: JsonCursor, sink: ByteSink, type: number): number {
  const { src } = cursor;
  const start = cursor.at;
  let at = start;
  let byte = src[at]!;
  const negative = byte === 0x2d;
  if (negative) byte = src[++at]!;
  const firstDigit = at;
  let mantissa = 0;
  while (byte >= 0x30 && byte <= 0x39) {
    mantissa = mantissa * 10 + (byte - 0x30);
    byte = src[++at]!;
  }
  let digits = at - firstDigit;
  if (digits === 0) fault(cursor, at);
  if (digits > 1 && src[firstDigit] === 0x30) fault(cursor, firstDigit + 1);
  if (byte !== 0x2e && (byte | 0x20) !== 0x65) {
    cursor.at = at;
    if ((type === ANY || type === AS_INT || type === AS_LONG) && digits <= 15) {
      if (negative && mantissa === 0 && type === ANY) {
        writeDouble(sink, -0);
        return DOUBLE;
      }
      return writeInteger(sink, negative ? -mantissa : mantissa, type === AS_LONG);
    }
    return convertNumber(cursor, sink, type, start, true);
  }
  let exponent = 0;
  if (byte === 0x2e) {
    const firstDecimal = ++at;
    byte = src[at]!;
    while (byte >= 0x30 && byte <= 0x39) {
      mantissa = mantissa * 10 + (byte - 0x30);
      byte = src[++at]!;
    }
    if (at === firstDecimal) fault(cursor, at);
    exponent = firstDecimal - at;
    digits -= exponent;
  }
  if ((byte | 0x20) === 0x65) {
    exponent = NaN;
    at = passExponent(cursor, at + 1);
  }
  cursor.at = at;
  // Clinger: an integer below 2^53 over a power of ten up to 10^22, both exact, is rounded once, so correctly.
  if ((type === ANY || type === AS_DOUBLE) && digits <= 15 && exponent >= -22) {
    const value = mantissa / powersOfTen[-exponent]!;
    writeDouble(sink, negative ? -value : value);
    return DOUBLE;
  }
  return convertNumber(cursor, sink, type, start, false);
}

function passExponent(cursor: JsonCursor, start: number): number {
  const { src } = cursor;
  let at = start;
  if (src[at] === 0x2b || src[at] === 0x2d) at++;
  const firstDigit = at;
  while (src[at]! >= 0x30 && src[at]! <= 0x39) at++;
  if (at === firstDigit) fault(cursor, at);
  return at;
}

function fault(cursor: JsonCursor, at: number): never {
  cursor.at = at;
  return cursor.unexpected();
}

/** Whatever the loop above did not finish: the text stands between `start` and the cursor. */
function convertNumber(cursor: JsonCursor, sink: ByteSink, type: number, start: number, integer: boolean): number {
  const text = cursor.src.toString('latin1', start, cursor.at);
  if (integer && (type === ANY || type === AS_INT || type === AS_LONG)) {
    const written = writeLongInteger(sink, text, type === AS_LONG);
    if (written === 0) cursor.fail('NUMBER_OUT_OF_RANGE', 'The integer does not fit in 64 bits.', text);
    return written;
  }
  if (type === ANY || type === AS_DOUBLE) {
    const value = Number(text);
    if (!Number.isFinite(value)) cursor.fail('NUMBER_OUT_OF_RANGE', 'The number is larger than a double.', text);
    writeDouble(sink, value);
    return DOUBLE;
  }
  if (type === AS_DECIMAL) {
    if (!writeDecimal128(sink, text)) {
      cursor.fail('NUMBER_OUT_OF_RANGE', 'The number does not fit a Decimal128 exactly.', text);
    }
    return DECIMAL128;
  }
  // JSON Schema counts 1.0 and 1e3 as integers.
  if ((type === AS_INT || type === AS_LONG) && Number.isSafeInteger(Number(text))) {
    return writeInteger(sink, Number(text), type === AS_LONG);
  }
  return cursor.fail('TYPE_MISMATCH', `A number cannot be stored as ${storedTypeName(type)}.`, text);
}
