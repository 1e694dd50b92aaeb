import { describe, expect, it } from '@jest/globals';
import { Double, Int32, Long } from 'bson';
import { fieldTypesOf, schemaCheck, textFieldsOf } from '../index.ts';
import { codesOf, type Options, read, readValues } from '../testing/read-rows.ts';

const wrapped =
  '{"d":{"$date":"2024-01-01T00:00:00Z"},"m":{"$date":{"$numberLong":"0"}},"n":{"$numberLong":"1"},"i":1,"f":1.0}';

describe('Extended JSON', () => {
  it.each<Options['ejson']>(['relaxed', 'canonical'])(
    '%s: takes wrappers and plain numbers alike, as parsers must',
    (ejson) => {
      expect(readValues(wrapped, { ejson })).toEqual([
        { d: new Date('2024-01-01'), m: new Date(0), n: Long.fromNumber(1), i: new Int32(1), f: new Double(1) },
      ]);
    },
  );

  it.each([
    '{"a":{"$date":"2024-01-01T00:00:00Z"}}',
    '{"a":{"$oid":"x"}}',
    '{"a":[{"$ref":"c","$id":1}]}',
    '{"a":{"b":1,"$c":2}}',
  ])('off: interprets no wrapper, and refuses its name in %s', (row) => {
    expect(read(`${row}\n{"a":1}`, { ejson: 'off' })).toMatchObject({
      rejected: [{ code: 'INVALID_FIELD_NAME', row: 1, value: expect.stringMatching(/^\$/) }],
      documents: [{ a: new Int32(1) }],
    });
  });
});

describe('a schema and Extended JSON', () => {
  const property = (schema: object): Options => {
    const whole = {
      type: 'object',
      properties: { a: schema, in: { properties: { a: schema } }, list: { items: schema } },
    };
    return { fieldTypes: fieldTypesOf(whole), textFields: textFieldsOf(whole), validate: schemaCheck(whole) };
  };
  const time = { type: 'string', format: 'date-time' };

  it.each<[object, string]>([
    [time, '{"$date":"2024-01-01T00:00:00Z"}'],
    [time, '{"$date":"2024-01-01"}'],
    [time, '{"$date":{"$numberLong":"-1"}}'],
    [time, '"2024-01-01T00:00:00Z"'],
    [{ ...time, type: ['string', 'null'] }, 'null'],
    [{ type: 'string', format: 'objectid', pattern: '^[0-9a-f]{24}$' }, '{"$oid":"0102030405060708090a0b0c"}'],
    [{ type: 'integer', format: 'int64', minimum: 5 }, '{"$numberLong":"5"}'],
    [{ type: 'string', format: 'int64' }, '{"$numberLong":"9007199254740993"}'],
    [{ type: 'string', format: 'int64' }, '"9007199254740993"'],
    [{ type: 'integer', maximum: 5 }, '{"$numberInt":"5"}'],
    [{ type: 'number' }, '{"$numberDouble":"1.5"}'],
    [{ type: 'number' }, '{"$numberDouble":"NaN"}'],
    [{ type: 'number', format: 'decimal', maximum: 2 }, '{"$numberDecimal":"1.50"}'],
    [{ type: 'number', format: 'decimal' }, '1.50'],
    [{ type: 'string', format: 'decimal', pattern: '^1\\.50$' }, '{"$numberDecimal":"1.50"}'],
    [{ type: ['string', 'number'], format: 'decimal' }, '{"$numberDecimal":"1.50"}'],
    [{ type: 'string', contentEncoding: 'base64', const: 'AAE=' }, '{"$binary":{"base64":"AAE=","subType":"00"}}'],
    [{ type: 'string', contentEncoding: 'base64', const: 'AAE=' }, '{"$type":"00","$binary":"AAE="}'],
    [{ type: 'string', contentEncoding: 'base64', minLength: 24 }, '{"$uuid":"00010203-0405-0607-0809-0a0b0c0d0e0f"}'],
    [{ type: 'object' }, '{"$timestamp":{"t":1,"i":1}}'],
  ])('%j is met by %s, at the top, inside objects and lists', (schema, value) => {
    for (const row of [`{"a":${value}}`, `{"in":{"x":1,"a":${value}}}`, `{"list":[${value},${value}]}`]) {
      expect(read(row, property(schema)).rejected).toEqual([]);
    }
  });

  it.each<[object, string]>([
    [time, '{"$date":{"$numberLong":"253402300800000"}}'],
    [time, '{"$date":{"$numberLong":"9223372036854775807"}}'],
    [{ type: 'integer', format: 'int64', minimum: 5 }, '{"$numberLong":"4"}'],
    [{ type: 'string', format: 'decimal', pattern: '^1\\.50$' }, '{"$numberDecimal":"1.5"}'],
    [{ type: 'string', contentEncoding: 'base64', maxLength: 3 }, '{"$binary":{"base64":"AAE=","subType":"00"}}'],
  ])('%j is not met by %s', (schema, value) => {
    expect(read(`{"a":${value}}`, property(schema)).rejected).toMatchObject([{ code: 'SCHEMA_VIOLATION', path: 'a' }]);
  });

  it('says of CSV what it says of JSON', () => {
    const number = { type: 'number', format: 'decimal', maximum: 2 };
    const csv = (schema: object): Options => ({ ...property(schema), format: 'csv' });

    expect(codesOf('a,in.a\n1.50,1\n3,1\n1,3\n', csv(number))).toEqual(['SCHEMA_VIOLATION', 'SCHEMA_VIOLATION']);
    expect(codesOf('a\n1.50\n1.5\n', csv({ type: 'string', format: 'decimal', pattern: '^1\\.50$' }))).toEqual([
      'SCHEMA_VIOLATION',
    ]);
    expect(codesOf('a\n7\n', csv({ type: 'string', format: 'int64' }))).toEqual([]);
  });

  it('does not trip over __proto__, nor over names that look like wrappers', () => {
    const seen: unknown[] = [];
    read('{"__proto__":{"$date":"2024-01-01"},"b":{"$ref":"c","$id":{"$oid":"0102030405060708090a0b0c"}}}', {
      validate: (row) => void seen.push(row),
    });

    expect(JSON.stringify(seen)).toBe(
      '[{"__proto__":"2024-01-01T00:00:00.000Z","b":{"$ref":"c","$id":"0102030405060708090a0b0c"}}]',
    );
  });
});
