import fc from 'fast-check';
import * as bson from '../bson/bson-types.ts';

/** A BSON value as it is stored, past the rules of any driver. */
export interface RawValue {
  type: number;
  bytes: Uint8Array;
}

export const raw = (type: number, ...parts: Uint8Array[]): RawValue => ({ type, bytes: Buffer.concat(parts) });

const int32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
};
const int64 = (value: bigint) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt.asIntN(64, value));
  return bytes;
};
const cstring = (text: string) => Buffer.from(`${text}\0`);

/** With its length before and a NUL behind. */
export const rawString = (text: string): Buffer => Buffer.concat([int32(Buffer.byteLength(text) + 1), cstring(text)]);

export function rawDocument(fields: readonly (readonly [string, RawValue])[]): Buffer {
  const body = Buffer.concat(
    fields.map(([name, { type, bytes }]) => Buffer.concat([Buffer.of(type), cstring(name), bytes])),
  );
  return Buffer.concat([int32(body.length + 5), body, Buffer.of(0)]);
}

export const rawArray = (items: readonly RawValue[]): Buffer =>
  rawDocument(items.map((item, index) => [String(index), item]));

/** Subtype 2 repeats the length inside (bsonspec.org). */
export const rawBinary = (data: Uint8Array, subtype: number): RawValue =>
  subtype === 2
    ? raw(bson.BINARY, int32(data.length + 4), Buffer.of(2), int32(data.length), data)
    : raw(bson.BINARY, int32(data.length), Buffer.of(subtype), data);

/** First names of all that Extended JSON, ours included, writes as an object with a name that begins with `$`. */
export const wrapperNames = [
  ...['$oid', '$symbol', '$numberInt', '$numberLong', '$numberDouble', '$numberDecimal', '$date', '$binary', '$type'],
  ...['$uuid', '$code', '$scope', '$regularExpression', '$regex', '$options', '$timestamp', '$dbPointer', '$ref'],
  ...['$id', '$db', '$minKey', '$maxKey', '$undefined', '$document'],
];

const text = fc.string({ unit: 'binary', maxLength: 12 }).filter((value) => value.isWellFormed());
const noNul = text.filter((value) => !value.includes('\0'));
const data = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

const name = fc.oneof(
  { weight: 4, arbitrary: noNul },
  fc.constantFrom(...wrapperNames),
  fc.constantFrom('', '$', '.', 'a.b', '$a', '__proto__', 'constructor', '0', '_id', 'ä"\\\n', '$oid"'),
);

const doubles = [NaN, Infinity, -Infinity, 0, -0, 1, 1e21, 5e-324, 1.7976931348623157e308].map((value) => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
});
/** NaN of other payloads is another matter: Extended JSON knows one. */
const double = fc.oneof(
  fc.constantFrom(...doubles),
  data(8).filter((bytes) => !Number.isNaN(Buffer.from(bytes).readDoubleLE())),
);

const maxCoefficient = 10n ** 34n - 1n;
const decimalBytes = (negative: boolean, exponent: number, coefficient: bigint) => {
  const bits = ((negative ? 1n : 0n) << 127n) | (BigInt(exponent + 6176) << 113n) | coefficient;
  return Buffer.concat([int64(bits), int64(bits >> 64n)]);
};
const decimal = fc.oneof(
  fc
    .tuple(
      fc.boolean(),
      fc.integer({ min: -6176, max: 6111 }),
      fc.oneof(fc.bigInt({ min: 0n, max: maxCoefficient }), fc.bigInt({ min: 0n, max: 99n })),
    )
    .map(([negative, exponent, coefficient]) => decimalBytes(negative, exponent, coefficient)),
  // Infinity, -Infinity and NaN (IEEE 754-2008 §3.5.2).
  fc.constantFrom('78', 'f8', '7c').map((top) => Buffer.from(`${'00'.repeat(15)}${top}`, 'hex')),
);

const long = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, -1n, 0n, 253402300800000n, -62135596800001n, 2n ** 53n + 1n),
);

const scalar: fc.Arbitrary<RawValue> = fc.oneof(
  double.map((bytes) => raw(bson.DOUBLE, bytes)),
  text.map((value) => raw(bson.STRING, rawString(value))),
  fc.tuple(fc.uint8Array({ maxLength: 20 }), fc.nat({ max: 255 })).map(([value, type]) => rawBinary(value, type)),
  fc.constantFrom(bson.UNDEFINED, bson.NULL, bson.MIN_KEY, bson.MAX_KEY).map((type) => raw(type)),
  data(12).map((bytes) => raw(bson.OBJECT_ID, bytes)),
  fc.nat({ max: 1 }).map((value) => raw(bson.BOOLEAN, Buffer.of(value))),
  long.map((value) => raw(bson.DATE, int64(value))),
  fc
    .tuple(noNul, fc.shuffledSubarray([...'ilmsux']))
    .map(([pattern, options]) => raw(bson.REGEX, cstring(pattern), cstring(options.join('')))),
  fc.tuple(noNul, data(12)).map(([collection, id]) => raw(bson.DB_POINTER, rawString(collection), id)),
  text.map((value) => raw(bson.CODE, rawString(value))),
  text.map((value) => raw(bson.SYMBOL, rawString(value))),
  fc.integer().map((value) => raw(bson.INT32, int32(value))),
  data(8).map((bytes) => raw(bson.TIMESTAMP, bytes)),
  long.map((value) => raw(bson.INT64, int64(value))),
  decimal.map((bytes) => raw(bson.DECIMAL128, bytes)),
);

const { fields } = fc.letrec<{ value: RawValue; fields: [string, RawValue][] }>((tie) => ({
  fields: fc.uniqueArray(fc.tuple(name, tie('value')), { maxLength: 5, selector: ([key]) => key }),
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 3, arbitrary: scalar },
    fc.array(tie('value'), { maxLength: 12 }).map((items) => raw(bson.ARRAY, rawArray(items))),
    { weight: 2, arbitrary: tie('fields').map((inner) => raw(bson.DOCUMENT, rawDocument(inner))) },
    fc.tuple(text, tie('fields')).map(([code, scope]) => {
      const parts = Buffer.concat([rawString(code), rawDocument(scope)]);
      return raw(bson.CODE_WITH_SCOPE, int32(parts.length + 4), parts);
    }),
  ),
}));

/** Whatever MongoDB may hold, but what cannot come back (docs/guides/round-trips.md); `_id` first. */
export const anyStoredDocument: fc.Arbitrary<Buffer> = fields.map((inner) =>
  rawDocument([['_id', raw(bson.INT32, int32(1))], ...inner.filter(([key]) => key !== '_id')]),
);
