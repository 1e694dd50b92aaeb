import { describe, expect, it } from '@jest/globals';
import * as bson from 'bson';
import fc from 'fast-check';
import { bsonToNdjson } from '../index.ts';
import { codesOf, documentOf } from '../testing/read-rows.ts';

const text = fc.string({ unit: 'binary', maxLength: 20 }).filter((value) => value.isWellFormed());
const cstring = text.filter((value) => !value.includes('\0'));
const name = cstring.filter((value) => !value.startsWith('$') && !value.includes('.') && value !== '_id');
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const objectId = bytes(12).map((value) => new bson.ObjectId(value));
const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => bson.Long.fromBigInt(value));
const uint32 = fc.nat({ max: 0xffffffff });

const decimal = fc
  .oneof(
    fc.tuple(fc.bigInt({ min: -(10n ** 34n) + 1n, max: 10n ** 34n - 1n }), fc.integer({ min: -6176, max: 6111 })),
    fc.tuple(fc.bigInt({ min: -9999n, max: 9999n }), fc.integer({ min: -12, max: 12 })),
  )
  .map(([digits, exponent]) => bson.Decimal128.fromString(`${digits}E${exponent}`));

const scalar = fc.oneof(
  text,
  fc.double().map((value) => new bson.Double(value)),
  fc.constantFrom(NaN, Infinity, -Infinity, -0, 1, 1e21, 5e-324).map((value) => new bson.Double(value)),
  fc.integer().map((value) => new bson.Int32(value)),
  long,
  decimal,
  fc
    .tuple(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7, 8, 128, 255))
    .map(([value, subtype]) => new bson.Binary(value, subtype)),
  bytes(16).map((value) => new bson.UUID(value)),
  objectId,
  fc.date({ noInvalidDate: true }),
  fc.constantFrom(-1, 0, 1, 999, 253402300799999, 253402300800000, -62135596800001).map((ms) => new Date(ms)),
  fc
    .tuple(cstring, fc.subarray([...'ilmsux']))
    .map(([pattern, options]) => new bson.BSONRegExp(pattern, options.join(''))),
  fc.tuple(uint32, uint32).map(([t, i]) => new bson.Timestamp({ t, i })),
  fc.constantFrom(new bson.MinKey(), new bson.MaxKey(), null, true, false, undefined),
  text.map((value) => new bson.Code(value)),
  text.map((value) => new bson.Code(value, { a: new bson.Int32(1), b: { c: 'd' } })),
  text.map((value) => new bson.BSONSymbol(value)),
  fc.tuple(cstring, objectId).map(([collection, id]) => new bson.DBRef(collection, id)),
  fc
    .tuple(cstring, objectId)
    .map(([collection, id]) => new bson.DBRef(collection, id, 'db', { extra: new bson.Int32(1) })),
);
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('any'), { maxLength: 11 }),
    fc.dictionary(name, tie('any'), { maxKeys: 4 }),
  ),
})).any;
const document = fc.dictionary(name, value, { maxKeys: 6 }).map((fields) => ({ _id: new bson.Int32(1), ...fields }));

const line = (document: Uint8Array, ejson: 'relaxed' | 'canonical') =>
  Buffer.from(bsonToNdjson(document, { ejson })).toString().trimEnd();

describe('Extended JSON v2', () => {
  it('writes canonically what bson writes and reads it back to the same bytes, for every BSON type', () => {
    fc.assert(
      fc.property(document, (fields) => {
        const stored = bson.serialize(fields, { ignoreUndefined: false });
        const written = line(stored, 'canonical');
        const oracle = bson.EJSON.stringify(bson.deserialize(stored, { promoteValues: false, bsonRegExp: true }), {
          relaxed: false,
        });

        expect(JSON.parse(written)).toEqual(JSON.parse(oracle));
        expect(Buffer.from(documentOf(written)).equals(stored)).toBe(true);
      }),
      { numRuns: 600 },
    );
  });

  it('writes relaxed text that bson reads as it reads its own', () => {
    fc.assert(
      fc.property(document, (fields) => {
        const stored = bson.serialize(fields, { ignoreUndefined: false });
        const written = line(stored, 'relaxed');
        const oracle = bson.EJSON.stringify(bson.deserialize(stored, { promoteValues: false, bsonRegExp: true }), {
          relaxed: true,
        });

        // bson writes -0 as 0.
        expect(JSON.parse(written, (_, item: unknown) => (item === 0 ? 0 : item))).toEqual(JSON.parse(oracle));
      }),
      { numRuns: 300 },
    );
  });

  it('keeps a DBPointer, which bson itself turns into a DBRef', () => {
    const row = '{"_id":{"$numberInt":"1"},"a":{"$dbPointer":{"$ref":"c","$id":{"$oid":"0102030405060708090a0b0c"}}}}';

    expect(line(documentOf(row), 'canonical')).toBe(row);
  });

  it.each([
    [new bson.Double(1), '1.0'],
    [new bson.Double(-0), '-0.0'],
    [new bson.Double(0.1), '0.1'],
    [new bson.Double(1e21), '1e+21'],
    [new bson.Double(123456789012345680000), '123456789012345680000.0'],
    [new bson.Double(NaN), '{"$numberDouble":"NaN"}'],
    [bson.Long.fromString('9007199254740993'), '9007199254740993'],
    [new Date('2024-02-29T12:30:00Z'), '{"$date":"2024-02-29T12:30:00Z"}'],
    [new Date('2024-02-29T12:30:00.050Z'), '{"$date":"2024-02-29T12:30:00.050Z"}'],
    [new Date(-1), '{"$date":{"$numberLong":"-1"}}'],
    [new Date(253402300800000), '{"$date":{"$numberLong":"253402300800000"}}'],
  ])('writes %j relaxed as %s', (stored, expected) => {
    expect(line(bson.serialize({ a: stored }), 'relaxed')).toBe(`{"a":${expected}}`);
  });

  it('writes doubles as JavaScript does, but never as an integer', () => {
    const doubles = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.tuple(fc.integer(), fc.constantFrom(1, 10, 100, 1000, 10_000, 1e6)).map(([digits, scale]) => digits / scale),
      fc.integer().map((value) => value * 1e6),
    );
    fc.assert(
      fc.property(doubles, (number) => {
        const written = line(bson.serialize({ a: new bson.Double(number) }), 'relaxed').slice(5, -1);
        expect(Object.is(Number(written), number)).toBe(true);
        expect(written.replace(/\.0$/, '')).toBe(Object.is(number, -0) ? '-0' : String(number));
        expect(written).toMatch(/[.e]/);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['{"$oid":"0102030405060708090A0B0C"}', new bson.ObjectId('0102030405060708090a0b0c')],
    ['{"$date":"2024-01-01T01:00:00+01:00"}', new Date('2024-01-01T00:00:00Z')],
    ['{ "$date" : { "$numberLong" : "-1" } }', new Date(-1)],
    ['{"$uuid":"00112233-4455-6677-8899-aabbccddeeff"}', new bson.UUID('00112233-4455-6677-8899-aabbccddeeff')],
    ['{"$binary":"AAE=","$type":"00"}', new bson.Binary(Uint8Array.from([0, 1]))],
    ['{"$type":"00","$binary":"AAE="}', new bson.Binary(Uint8Array.from([0, 1]))],
    ['{"$binary":{"subType":"00","base64":"AAE="}}', new bson.Binary(Uint8Array.from([0, 1]))],
    ['{"$regularExpression":{"options":"xi","pattern":"a"}}', new bson.BSONRegExp('a', 'ix')],
  ])('reads %s', (row, expected) => {
    const stored = bson.serialize({ _id: new bson.Int32(0), a: expected });

    expect(Buffer.from(documentOf(`{"_id":0,"a":${row}}`)).equals(stored)).toBe(true);
  });

  it.each([
    '{"$oid":"xyz"}',
    '{"$oid":1}',
    '{"$oid":"0102030405060708090a0b0c","b":1}',
    '{"$date":"yesterday"}',
    '{"$date":{"$numberLong":"1","$numberLong":"2"}}',
    '{"$numberInt":"2147483648"}',
    '{"$numberInt":1}',
    '{"$numberLong":"9223372036854775808"}',
    '{"$numberDouble":"1,5"}',
    '{"$numberDecimal":"1e99999"}',
    '{"$binary":{"base64":"A","subType":"00"}}',
    '{"$binary":{"base64":"AAE="}}',
    '{"$uuid":"00112233"}',
    '{"$regularExpression":{"pattern":"a"}}',
    '{"$timestamp":{"t":-1,"i":0}}',
    '{"$timestamp":{"t":4294967296,"i":0}}',
    '{"$minKey":2}',
    '{"$undefined":false}',
    '{"$code":1}',
    '{"$code":"x","$scope":1}',
    '{"$dbPointer":{"$ref":"c","$id":1}}',
  ])('refuses the wrapper %s', (row) => {
    expect(codesOf(`{"a":${row}}`)).toEqual(['INVALID_EXTENDED_JSON']);
  });

  it('takes wrappers for names that are not allowed where Extended JSON is off', () => {
    expect(codesOf('{"a":{"$oid":"0102030405060708090a0b0c"}}', { ejson: 'off' })).toEqual(['INVALID_FIELD_NAME']);
  });
});
