import { isoDateOf, type StoredType } from '@keyport/codec';
import { Binary, Decimal128, EJSON, Long, ObjectId } from 'bson';

/** Thrown where a value of a filter cannot be one of the field's; the message says what it must be. */
export class MistypedValue extends Error {
  override readonly name = 'MistypedValue';
}

/**
 * A value of a filter as MongoDB is asked for it: text that stands for a value of the field's type becomes that, as in an
 * imported row. Null, and what names its type itself (`{"$numberInt":"5"}`), is taken as it is. Throws {@link MistypedValue}.
 */
export function typedValue(value: unknown, type: StoredType | undefined): unknown {
  if (value === null || type === 'null') return plainValue(value);
  if (type === undefined) return plainValue(value);
  if (typeof value === 'object') throw new MistypedValue(`must be ${wanted[type]}`);
  const typed = byType[type](value as Scalar);
  if (typed === undefined) throw new MistypedValue(`must be ${wanted[type]}`);
  return typed;
}

/** A wrapper of Extended JSON as the value that it stands for, exactly: read as relaxed, a Long would become a double. */
export const wrappedValue = (wrapper: Readonly<Record<string, unknown>>): unknown =>
  (EJSON.deserialize({ value: wrapper }, { relaxed: false }) as { readonly value: unknown }).value;

type Scalar = string | number | boolean;

const wanted: Readonly<Record<StoredType, string>> = {
  string: 'text',
  int: 'a number',
  long: 'a whole number, beyond 53 bits as text',
  double: 'a number',
  decimal: 'a number, or text that is one',
  boolean: 'true or false',
  date: 'a date such as 2024-01-31, or an instant such as 2024-01-31T12:00:00Z',
  objectid: 'the 24 hexadecimal digits of an ObjectId',
  binary: 'base64 text',
  null: 'null',
};

const decimalText = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?$/;
const base64Text = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const byType: Readonly<Record<StoredType, (value: Scalar) => unknown>> = {
  string: (value) => (typeof value === 'string' ? value : undefined),
  int: numberOf,
  double: numberOf,
  long: (value) => (typeof value === 'string' ? longOf(value) : numberOf(value)),
  decimal: (value) =>
    typeof value !== 'boolean' && decimalText.test(String(value)) ? decimalOf(String(value)) : undefined,
  boolean: (value) => (typeof value === 'boolean' ? value : undefined),
  date: (value) => (typeof value === 'string' ? isoDateOf(value) : undefined),
  objectid: (value) =>
    typeof value === 'string' && /^[0-9a-fA-F]{24}$/.test(value) ? ObjectId.createFromHexString(value) : undefined,
  binary: (value) =>
    typeof value === 'string' && base64Text.test(value) ? new Binary(Buffer.from(value, 'base64')) : undefined,
  null: () => undefined,
};

function plainValue(value: unknown): unknown {
  return typeof value === 'number' ? numberOf(value) : value;
}

/** What a double cannot hold was rounded before it came here: it would be compared as another number. */
function numberOf(value: Scalar): number | undefined {
  if (typeof value !== 'number') return undefined;
  if (Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value) < 2 ** 64)
    throw new MistypedValue('must be {"$numberLong":"…"}: a JSON number holds 53 bits');
  return value;
}

function longOf(text: string): Long | undefined {
  if (!/^-?\d{1,19}$/.test(text)) return undefined;
  const value = BigInt(text);
  return BigInt.asIntN(64, value) === value ? Long.fromBigInt(value) : undefined;
}

/** Undefined where it has more than the 34 digits that a Decimal128 holds. */
function decimalOf(text: string): Decimal128 | undefined {
  try {
    return Decimal128.fromString(text);
  } catch {
    return undefined;
  }
}
