import { Decimal128 } from 'bson';
import { bsonType, elementsOf, type RawElement } from './raw-bson.ts';

/**
 * A text that two values share exactly where MongoDB takes them for equal under the simple collation, as its unique
 * indexes do: numbers by value over all four types, symbols as strings, null as nothing (MongoDB manual, "BSON types:
 * comparison and sort order").
 */
export function comparable(element: RawElement | undefined): string {
  if (!element) return nothing;
  const { bytes, type, valueStart, end } = element;
  switch (type) {
    case bsonType.string:
    case bsonType.symbol:
      // Bytes as characters: as distinct as the text, and made without decoding.
      return `s${bytes.toString('latin1', valueStart + 4, end - 1)}`;
    case bsonType.int32:
      return integer(String(bytes.readInt32LE(valueStart)));
    case bsonType.int64:
      return integer(String(bytes.readBigInt64LE(valueStart)));
    case bsonType.double:
      return double(bytes.readDoubleLE(valueStart));
    case bsonType.decimal128:
      return decimal(new Decimal128(bytes.subarray(valueStart, end)).toString());
    case bsonType.null:
      return nothing;
    case bsonType.document:
    case bsonType.array:
      return `${type}${nested(bytes, valueStart)}`;
    case bsonType.codeWithScope:
      return codeWithScope(bytes, valueStart);
    default:
      return `${type}:${bytes.toString('latin1', valueStart, end)}`;
  }
}

/** One text for several values; each is led by its length, so that no two lists can run into one another. */
export const comparableAll = (elements: readonly (RawElement | undefined)[]): string =>
  elements.length === 1 ? comparable(elements[0]) : elements.map((element) => withLength(comparable(element))).join('');

const nothing = 'z';
const withLength = (text: string) => `${text.length}:${text}`;

function nested(bytes: Buffer, at: number): string {
  let text = '';
  for (const element of elementsOf(bytes, at)) {
    text += withLength(bytes.toString('latin1', element.start + 1, element.nameEnd)) + withLength(comparable(element));
  }
  return text;
}

/** Its length, the code as a string, the scope as a document. */
function codeWithScope(bytes: Buffer, at: number): string {
  const scopeAt = at + 8 + bytes.readInt32LE(at + 4);
  return `${bsonType.codeWithScope}${withLength(bytes.toString('latin1', at + 8, scopeAt - 1))}${nested(bytes, scopeAt)}`;
}

function integer(text: string): string {
  const negative = text.startsWith('-');
  return number(negative, negative ? text.slice(1) : text, 0);
}

/** Digits times a power of ten, without zeros at either end. */
function number(negative: boolean, digits: string, exponent: number): string {
  const significant = digits.replace(/^0+/, '');
  const stripped = significant.replace(/0+$/, '');
  if (stripped === '') return 'n0';
  return `n${negative ? '-' : ''}${stripped}e${exponent + significant.length - stripped.length}`;
}

/** Every finite double is a finite decimal: m × 2^-k = m × 5^k × 10^-k. */
function double(value: number): string {
  if (!Number.isFinite(value)) return notFinite(String(value));
  if (Number.isInteger(value)) return integer(String(BigInt(value)));
  let fives = 0;
  let mantissa = Math.abs(value);
  // Doubling is exact here: it ends at the latest where the fraction's 52 bits and the exponent's 1074 are used up.
  while (!Number.isInteger(mantissa)) {
    mantissa *= 2;
    fives += 1;
  }
  return number(value < 0, String(BigInt(mantissa) * 5n ** BigInt(fives)), -fives);
}

function decimal(text: string): string {
  const parts = /^(-?)(\d+)(?:\.(\d+))?(?:E([+-]?\d+))?$/.exec(text);
  if (!parts) return notFinite(text);
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts;
  return number(sign === '-', whole + fraction, Number(exponent) - fraction.length);
}

const notFinite = (text: string) => `n${text.replace('-NaN', 'NaN')}`;
