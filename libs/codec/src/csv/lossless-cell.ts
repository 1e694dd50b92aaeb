import { BOOLEAN, DOUBLE } from '../bson/bson-types.ts';
import type { ByteSink } from '../bson/byte-sink.ts';
import { writeDouble, writeInteger, writeLongInteger } from '../bson/number-bytes.ts';
import { MISMATCH, writeBooleanText } from '../stored-types/text-to-bson.ts';

const minus = 0x2d;
const point = 0x2e;
const zero = 0x30;

/** `-0.0000012345678901234567`: nothing longer is the shortest text of a double, and no int64 is as long. */
const longestNumber = 25;
const powersOfTen = Array.from({ length: 16 }, (_, exponent) => Number(`1e${exponent}`));

/**
 * Writes a cell as a boolean (`true`, `false`), int32, int64 or double, if that value's own text is the cell; else
 * nothing, and MISMATCH. So `007`, `+1`, `1e3`, `1.50`, `-0`, `.5`, integers beyond int64 and decimals with more digits
 * than a double has are no numbers.
 */
export function writeLossless(bytes: Buffer, start: number, end: number, sink: ByteSink): number {
  const first = bytes[start]!;
  if ((first >= zero && first <= 0x39) || first === minus) return writeNumber(bytes, start, end, sink);
  if (first === 0x74 || first === 0x66)
    return writeBooleanText(bytes, start, end, sink) === BOOLEAN ? BOOLEAN : MISMATCH;
  return MISMATCH;
}

function writeNumber(bytes: Buffer, start: number, end: number, sink: ByteSink): number {
  const negative = bytes[start] === minus;
  const first = negative ? start + 1 : start;
  const length = end - first;
  if (length === 0 || length > longestNumber) return MISMATCH;
  if (bytes[first] === zero && length > 1 && bytes[first + 1] !== point) return MISMATCH;
  let mantissa = 0;
  let pointAt = -1;
  for (let at = first; at < end; at++) {
    const digit = bytes[at]! - zero;
    if (digit >= 0 && digit <= 9) mantissa = mantissa * 10 + digit;
    else if (bytes[at] === point && pointAt < 0 && at > first) pointAt = at;
    else return MISMATCH;
  }
  if (pointAt >= 0) return writeFraction(bytes, start, end, sink, { negative, mantissa, pointAt, digits: length - 1 });
  if (negative && mantissa === 0) return MISMATCH;
  if (length <= 15) return writeInteger(sink, negative ? -mantissa : mantissa, false);
  return writeLongInteger(sink, bytes.toString('latin1', start, end), false);
}

interface Fraction {
  negative: boolean;
  mantissa: number;
  pointAt: number;
  digits: number;
}

function writeFraction(bytes: Buffer, start: number, end: number, sink: ByteSink, found: Fraction): number {
  const { negative, mantissa, pointAt, digits } = found;
  if (bytes[end - 1] === zero || pointAt === end - 1) return MISMATCH;
  // A double tells all decimals of 15 digits apart (IEEE 754, DBL_DIG); below 1e-6 JavaScript writes an exponent.
  const short = digits <= 15 ? mantissa / powersOfTen[end - 1 - pointAt]! : 0;
  if (short >= 1e-6) {
    writeDouble(sink, negative ? -short : short);
    return DOUBLE;
  }
  const text = bytes.toString('latin1', start, end);
  const value = Number(text);
  if (String(value) !== text) return MISMATCH;
  writeDouble(sink, value);
  return DOUBLE;
}
