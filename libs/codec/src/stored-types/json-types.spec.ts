import { describe, expect, it } from '@jest/globals';
import { Binary, Decimal128, Double, Int32, Long, ObjectId } from 'bson';
import { fieldTypesOf, type StoredType } from '../index.ts';
import { read, readValues } from '../testing/read-rows.ts';

describe('JSON rows of a dataset with a schema', () => {
  it.each<[StoredType, string, unknown]>([
    ['string', '"x"', 'x'],
    ['int', '1', new Int32(1)],
    ['int', '1.0', new Int32(1)],
    ['int', '3e9', Long.fromNumber(3e9)],
    ['int', '{"$numberLong":"5"}', new Int32(5)],
    ['long', '1', Long.fromNumber(1)],
    ['long', '"9007199254740993"', Long.fromString('9007199254740993')],
    ['double', '1', new Double(1)],
    ['double', '1.5', new Double(1.5)],
    ['double', '12345678901234567890', new Double(Number('12345678901234567890'))],
    ['decimal', '12.50', Decimal128.fromString('12.50')],
    ['decimal', '"12.50"', Decimal128.fromString('12.50')],
    ['decimal', '{"$numberDecimal":"1E+3"}', Decimal128.fromString('1E+3')],
    ['decimal', '-7', Decimal128.fromString('-7')],
    ['boolean', 'true', true],
    ['date', '"2024-01-01T00:00:00Z"', new Date('2024-01-01T00:00:00Z')],
    ['date', '{"$date":"2024-01-01T00:00:00Z"}', new Date('2024-01-01T00:00:00Z')],
    ['objectid', '"0102030405060708090a0b0c"', new ObjectId('0102030405060708090a0b0c')],
    ['objectid', '{"$oid":"0102030405060708090a0b0c"}', new ObjectId('0102030405060708090a0b0c')],
    ['binary', '"AAE="', new Binary(Uint8Array.from([0, 1]))],
    ['date', 'null', null],
    ['date', '["2024-01-01"]', [new Date('2024-01-01T00:00:00Z')]],
  ])('store as %s the value %s', (type, value, expected) => {
    expect(
      readValues(`{"a":{"b":${value}},"b":${value === 'null' ? 1 : '"x"'}}`, { fieldTypes: { 'a.b': type } })[0]!.a,
    ).toEqual({ b: expected });
  });

  it.each<[StoredType, string]>([
    ['string', '1'],
    ['string', 'true'],
    ['int', '1.5'],
    ['int', '"1"'],
    ['long', '"x"'],
    ['double', '"1"'],
    ['decimal', 'true'],
    ['boolean', '"true"'],
    ['boolean', '1'],
    ['date', '1'],
    ['date', '"today"'],
    ['date', '{"$oid":"0102030405060708090a0b0c"}'],
    ['date', '{"a":1}'],
    ['date', '["2024-01-01",1]'],
    ['objectid', '"x"'],
    ['binary', '"?"'],
    ['null', '1'],
    ['string', '{"$numberLong":"1"}'],
  ])('are refused as %s with the value %s', (type, value) => {
    const { rejected } = read(`{"a":{"b":${value}}}`, { fieldTypes: { 'a.b': type } });

    expect(rejected).toMatchObject([{ code: 'TYPE_MISMATCH', path: expect.stringMatching(/^a\.b/) }]);
  });

  it('keep their types where names never repeat', () => {
    const rows = Array.from(
      { length: 9000 },
      (_, i) => `{"x${i}":1,"at":"2024-01-01","in":{"y${i}":2,"at":"2024-01-01"}}`,
    );
    const found = readValues(rows.join('\n'), { fieldTypes: { at: 'date', 'in.at': 'date' } });

    expect(
      found.every(({ at, in: inner }) => at instanceof Date && (inner as { at: unknown }).at instanceof Date),
    ).toBe(true);
  });

  it('are shown to a validator as they stand, their wrappers as plain JSON', () => {
    const seen: unknown[] = [];
    const plain = { at: '2024-01-01T00:00:00Z', n: 1, list: [{ x: null }] };
    const row = { ...plain, _id: { $oid: '0102030405060708090a0b0c' } };
    read(`${JSON.stringify(row)}\nbad\n${JSON.stringify(plain)}`, {
      ...{ fieldTypes: { at: 'date' }, validate: (value) => void seen.push(value) },
    });

    expect(seen).toEqual([{ ...plain, _id: '0102030405060708090a0b0c' }, plain]);
  });
});

describe('fieldTypesOf', () => {
  it('reads the stored types of a JSON Schema by dotted path', () => {
    const schema = {
      type: 'object',
      properties: {
        at: { type: 'string', format: 'date-time' },
        big: { type: 'integer', format: 'int64' },
        price: { type: ['string', 'null'], format: 'decimal' },
        owner: { type: 'string', format: 'objectid' },
        data: { type: 'string', contentEncoding: 'base64' },
        count: { type: 'integer' },
        ratio: { type: 'number' },
        on: { type: 'boolean' },
        name: { type: 'string', format: 'email' },
        either: { type: ['string', 'integer'] },
        any: {},
        inner: { type: 'object', properties: { at: { type: 'string', format: 'date-time' } } },
        list: { type: 'array', items: { type: 'object', properties: { n: { type: 'integer' } } } },
        dates: { type: 'array', items: { type: 'string', format: 'date-time' } },
      },
    };

    expect(fieldTypesOf(schema)).toEqual({
      ...{ at: 'date', big: 'long', price: 'decimal', owner: 'objectid', data: 'binary', count: 'int' },
      ...{ ratio: 'double', on: 'boolean', name: 'string', 'inner.at': 'date', 'list.n': 'int', dates: 'date' },
    });
  });

  it('finds nothing in what is no schema', () => {
    for (const schema of [undefined, null, true, [], {}, { properties: 1 }]) expect(fieldTypesOf(schema)).toEqual({});
  });
});
