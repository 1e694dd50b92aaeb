import { describe, expect, it } from '@jest/globals';
import { Binary, Decimal128, Long, MinKey, ObjectId, serialize, Timestamp, type Document } from 'bson';
import { bsonToNdjson, fieldTypesOf, schemaCheck, textFieldsOf } from '../index.ts';
import { read } from '../testing/read-rows.ts';
import { recordCheck } from './record-check.ts';

const everything: Document = {
  _id: 1,
  text: 'x',
  int: 1,
  long: Long.fromString('9007199254740993'),
  double: 1.5,
  decimal: Decimal128.fromString('1.10'),
  flag: true,
  at: new Date('2026-01-02T03:04:05Z'),
  id: new ObjectId('0102030405060708090a0b0c'),
  bytes: new Binary(Uint8Array.from([1, 2])),
  nothing: null,
  least: new MinKey(),
  time: new Timestamp({ t: 1, i: 2 }),
  list: [1, [Long.fromNumber(5)], { at: new Date(0) }],
  in: { decimals: [Decimal128.fromString('2.50')] },
};

describe('recordCheck', () => {
  it('shows a document to its schema as a row of it is shown', () => {
    const schema = {
      properties: {
        long: { type: 'string', format: 'int64' },
        in: { properties: { decimals: { items: { type: 'string', format: 'decimal' } } } },
      },
    };
    const shown: unknown[] = [];
    const collect = (row: unknown) => {
      shown.push(row);
      return undefined;
    };
    const line = Buffer.from(bsonToNdjson(serialize(everything), { ejson: 'canonical' })).toString();

    read(line, { fieldTypes: fieldTypesOf(schema), textFields: textFieldsOf(schema), validate: collect });
    const [row] = shown;

    const constant = { ...schema, properties: { ...schema.properties, _id: {} }, const: row };
    expect(row).toMatchObject({ long: '9007199254740993', in: { decimals: ['2.50'] }, time: { $timestamp: {} } });
    expect(recordCheck(constant)(serialize(everything))).toBeUndefined();
    expect(schemaCheck(constant)({ ...(row as object), int: 2 })).toBeDefined();
    expect(recordCheck(constant)(serialize({ ...everything, int: 2 }))).toMatchObject({ code: 'SCHEMA_VIOLATION' });
  });

  it('names the field to blame, in lists too', () => {
    const check = recordCheck({ properties: { list: { items: { properties: { n: { type: 'integer' } } } } } });

    expect(check(serialize({ list: [{ n: 1 }] }))).toBeUndefined();
    expect(check(serialize({ list: [{ n: 1 }, { n: 'x' }] }))).toMatchObject({ path: 'list.1.n' });
  });

  it('looks at _id where the schema names it, and else not', () => {
    const closed = { additionalProperties: false, properties: { n: {} } };

    expect(recordCheck(closed)(serialize({ _id: 1, n: 1 }))).toBeUndefined();
    expect(recordCheck({ properties: { _id: { type: 'string' } } })(serialize({ _id: 1 }))).toMatchObject({
      path: '_id',
    });
    expect(recordCheck({ required: ['_id'] })(serialize({ _id: 1 }))).toBeUndefined();
  });
});
