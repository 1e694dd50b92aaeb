import { describe, expect, it } from '@jest/globals';
import { serialize, type Document, Binary, Decimal128, Double, Long, ObjectId, MinKey, Timestamp } from 'bson';
import fc from 'fast-check';
import { examineSchema, fieldTypesOf, inferSchema, schemaCheck, splitDocuments, textFieldsOf } from '../index.ts';
import { codesOf, read } from '../testing/read-rows.ts';

const $schema = 'https://json-schema.org/draft/2020-12/schema';
const infer = (...documents: Document[]) => inferSchema(documents.map((document) => serialize(document)));
const propertyOf = (...values: unknown[]) =>
  (infer(...values.map((a) => ({ a }))).properties as Record<string, unknown>).a;

describe('inferSchema', () => {
  it('proposes types, nesting, and as required what every document has', () => {
    const found = infer(
      { _id: new ObjectId(), n: 1, name: 'x', in: { at: new Date(0), only: true }, list: [1, 2] },
      { _id: new ObjectId(), name: 'y', n: 2, in: { at: new Date(1) }, list: [] },
    );

    expect(found).toEqual({
      $schema,
      type: 'object',
      properties: {
        n: { type: 'integer' },
        name: { type: 'string' },
        in: {
          type: 'object',
          properties: { at: { type: 'string', format: 'date-time' }, only: { type: 'boolean' } },
          required: ['at'],
        },
        list: { type: 'array', items: { type: 'integer' } },
      },
      required: ['n', 'name', 'in', 'list'],
    });
  });

  it.each<[string, unknown[], object]>([
    ['int32', [1], { type: 'integer' }],
    ['int32 and int64', [1, Long.fromNumber(2 ** 40)], { type: 'integer', format: 'int64' }],
    ['int32 and double', [1, 1.5], { type: 'number' }],
    ['a double that is whole', [new Double(1)], { type: 'number' }],
    ['a big int64 and a double', [1.5, Long.MAX_VALUE], { type: 'number', format: 'decimal' }],
    ['Decimal128', [1, Decimal128.fromString('1.10')], { type: 'number', format: 'decimal' }],
    ['NaN', [NaN, 1], {}],
    ['a Decimal128 that is no number', [Decimal128.fromString('Infinity')], {}],
    ['null alone', [null, null], {}],
    ['null and text', [null, 'x'], { type: ['string', 'null'] }],
    ['null and a date', [null, new Date(0)], { type: ['string', 'null'], format: 'date-time' }],
    ['a date beyond RFC 3339', [new Date(8.64e15)], {}],
    [
      'texts that are times',
      ['2024-02-29T00:00:00Z', '2024-02-28T01:02:03.4+01:00'],
      { type: 'string', format: 'date-time' },
    ],
    ['a time and another text', ['2024-02-29T00:00:00Z', 'x'], { type: 'string' }],
    ['a day that is none', ['2023-02-29T00:00:00Z'], { type: 'string' }],
    ['a time finer than a Date', ['2024-02-29T00:00:00.0001Z'], { type: 'string' }],
    ['texts that are ObjectIds', ['0102030405060708090a0b0c'], { type: 'string', format: 'objectid' }],
    ['ObjectId', [new ObjectId()], { type: 'string', format: 'objectid' }],
    ['bytes', [new Binary(Uint8Array.from([1]))], { type: 'string', contentEncoding: 'base64' }],
    ['what JSON has not', [new MinKey(), 1], {}],
    ['a timestamp', [new Timestamp({ t: 1, i: 1 })], {}],
    ['mixed', ['x', 1, null], { anyOf: [{ type: 'string' }, { type: 'integer' }, { type: 'null' }] }],
    ['text and date', ['x', new Date(0)], { anyOf: [{ type: 'string' }, { type: 'string', format: 'date-time' }] }],
    ['lists of mixed', [[1, 'x']], { type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'integer' }] } }],
    ['empty lists', [[], []], { type: 'array' }],
    ['empty objects', [{}], { type: 'object' }],
  ])('describes %s', (_, values, expected) => {
    expect(propertyOf(...values)).toEqual(expected);
  });

  it('leaves _id out unless asked, and what a path cannot name always', () => {
    const document = serialize({ _id: 1, 'a.b': 1, '': 2, ['__proto__']: 3, constructor: 4 });

    expect(inferSchema([document])).toEqual({
      $schema,
      type: 'object',
      properties: { constructor: { type: 'integer' } },
      required: ['constructor'],
    });
    expect(inferSchema([document], { withId: true }).required).toEqual(['_id', 'constructor']);
    expect(inferSchema([])).toEqual({ $schema, type: 'object' });
  });

  it('stays within what a dataset takes, however wide, deep or long-named the sample is', () => {
    const wide = Object.fromEntries(Array.from({ length: 9000 }, (_, i) => [`f${i}`, i]));
    const long = Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`\u0001ü${i}`.repeat(400), i]));
    let deep: Document = { x: ['a', { y: 1 }] };
    for (let i = 0; i < 80; i++) deep = i % 2 ? { d: [deep, 1, null] } : { d: deep };

    for (const document of [wide, long, deep]) examineSchema(infer(document, document, {}));
    expect(Object.keys(infer(wide).properties as object)).toHaveLength(500);
    expect(Object.keys(inferSchema([serialize(wide)], { maxProperties: 3 }).properties as object)).toEqual([
      'f0',
      'f1',
      'f2',
    ]);
  });

  it('proposes what the same rows match, stored as they are, whatever they hold', () => {
    const scalar = fc.oneof(
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (Object.is(n, -0) ? 0 : n)),
      fc.boolean(),
      fc.constant(null),
      fc.string(),
      fc
        .date({ noInvalidDate: true, min: new Date('0001-01-01'), max: new Date('9999-01-01') })
        .map((date) => ({ $date: date.toISOString() })),
      fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map((n) => ({ $numberLong: String(n) })),
      fc.constantFrom({ $numberDecimal: '1.50' }, { $numberDecimal: '-7' }, { $oid: '0102030405060708090a0b0c' }),
      fc.constantFrom({ $binary: { base64: 'AAE=', subType: '00' } }, { $timestamp: { t: 1, i: 2 } }, { $minKey: 1 }),
    );
    const { row } = fc.letrec<{ row: object; value: unknown }>((tie) => ({
      row: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'dd', 'constructor'), tie('value')),
      value: fc.oneof({ maxDepth: 3 }, scalar, tie('row'), fc.array(tie('value'), { maxLength: 3 })),
    }));
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 6 }), (rows) => {
        const lines = rows.map((one) => JSON.stringify(one)).filter((line) => codesOf(line).length === 0);
        fc.pre(lines.length > 0);
        const text = lines.join('\n');
        const first = read(text);
        const schema = inferSchema(first.chunks.flatMap((chunk) => splitDocuments(chunk.documents)));
        examineSchema(schema);
        const typing = {
          fieldTypes: fieldTypesOf(schema),
          textFields: textFieldsOf(schema),
          validate: schemaCheck(schema),
        };
        const again = read(text, typing);

        expect(again.rejected).toEqual([]);
        const second = again.chunks.flatMap((chunk) => splitDocuments(chunk.documents));
        expect(inferSchema(second)).toEqual(schema);
      }),
      { numRuns: 200 },
    );
  });
});
