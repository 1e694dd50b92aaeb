import { describe, expect, it } from '@jest/globals';
import * as bson from 'bson';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { bsonToCsv, bsonToJsonElements, bsonToNdjson, collectColumns, csvHeader, type StoredType } from '../index.ts';
import { read } from '../testing/read-rows.ts';

const stored = (...documents: bson.Document[]) =>
  Buffer.concat(documents.map((document) => bson.serialize(document, { ignoreUndefined: false })));
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

describe('writing CSV', () => {
  it('writes each type as the text that it is read from again', () => {
    const document = {
      ...{
        s: 'x',
        i: new bson.Int32(-1),
        l: bson.Long.MAX_VALUE,
        d: new bson.Double(1.5),
        m: bson.Decimal128.fromString('1.20'),
      },
      ...{
        b: true,
        t: new Date('2024-01-01T00:00:00.5Z'),
        o: new bson.ObjectId('0102030405060708090a0b0c'),
        y: new bson.Binary(Uint8Array.from([255])),
      },
    };
    const columns = Object.keys(document);
    const types: StoredType[] = ['string', 'int', 'long', 'double', 'decimal', 'boolean', 'date', 'objectid', 'binary'];
    const written = text(csvHeader(columns)) + text(bsonToCsv(stored(document), { columns }));

    expect(written.split('\n')[1]).toBe(
      'x,-1,9223372036854775807,1.5,1.20,true,2024-01-01T00:00:00.500Z,0102030405060708090a0b0c,/w==',
    );
    const fieldTypes = Object.fromEntries(columns.map((column, i) => [column, types[i]!]));
    const { documents } = read(written, { format: 'csv', fieldTypes });
    expect(documents[0]).toMatchObject(document);
  });

  it('leaves null and absent fields empty and quotes an empty text', () => {
    expect(text(bsonToCsv(stored({ a: null, b: '' }, {}), { columns: ['a', 'b', 'c'] }))).toBe(',"",\n,,\n');
    expect(text(bsonToCsv(stored({}, { a: 'x' }), { columns: ['a'] }))).toBe('""\nx\n');
  });

  it('picks nested fields, and writes arrays and documents as JSON text', () => {
    const documents = stored(
      { a: { b: 'x', c: { d: new bson.Int32(1) } }, list: [new bson.Int32(1), 'y'] },
      { list: 'z', a: 'w' },
    );
    const columns = ['list', 'a.c', 'a.b', 'a.c.d', 'a.b.x'];

    expect(text(bsonToCsv(documents, { columns }))).toBe('"[1,""y""]","{""d"":1}",x,1,\nz,,,,\n');
  });

  it('quotes whatever csv-parse needs quoted, for other delimiters too', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'ä', ',', '"', '\n', '\r', ' ', ';', '\t', '😀') });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(cell, cell), { minLength: 1 }),
        fc.constantFrom(',', ';', '\t'),
        (rows, delimiter) => {
          const documents = stored(...rows.map(([a, b]) => ({ a, b })));
          const written = text(bsonToCsv(documents, { columns: ['a', 'b'], delimiter }));

          expect(parse(written, { delimiter, record_delimiter: '\n' })).toEqual(rows);
        },
      ),
    );
  });

  it('gives back after an import of its own export what was there', () => {
    const leaf = fc.string({ unit: 'binary' }).filter((value) => value.isWellFormed());
    const fields = fc.record({ a: leaf, n: fc.record({ x: leaf, 'ä"': leaf }) }, { requiredKeys: [] });
    fc.assert(
      fc.property(fc.array(fields, { minLength: 1 }), (rows) => {
        const documents = stored(...rows.map((row, i) => ({ _id: `${i}`, ...row })));
        const columns = new Set<string>();
        collectColumns(documents, columns);
        const list = [...columns];
        const written = Buffer.concat([csvHeader(list), bsonToCsv(documents, { columns: list })]);
        const { documents: again } = read(written, { format: 'csv', csv: { emptyAs: 'absent' } });

        // A document without fields is a column of its own, so its text comes back.
        const flat = rows.map((row, i) => ({ _id: `${i}`, ...row }));
        if (!flat.some(({ n }) => n && Object.keys(n).length === 0)) expect(again).toEqual(flat);
      }),
    );
  });

  it('lists columns in the order in which they are first seen', () => {
    const columns = new Set(['given']);
    collectColumns(
      stored({ _id: 1, a: { x: 1, y: { z: 2 } }, x: 1 }, { b: [], x: { x: 1 }, a: { w: {}, x: 1 } }),
      columns,
    );

    expect([...columns]).toEqual(['given', '_id', 'a.x', 'a.y.z', 'x', 'b', 'x.x', 'a.w']);
  });

  it('refuses a column that is asked for twice and a delimiter of two letters', () => {
    expect(() => bsonToCsv(stored({}), { columns: ['a', 'a'] })).toThrow(/twice/);
    expect(() => csvHeader(['a'], { delimiter: '||' })).toThrow(/one ASCII character/);
  });
});

describe('writing JSON', () => {
  it('puts separators between the elements of an array over several parts', () => {
    const [first, second] = [
      bsonToJsonElements(stored({ a: 'x' }, {}), { first: true }),
      bsonToJsonElements(stored({ b: null }), { first: false }),
    ];

    expect(JSON.parse(`[${text(first)}${text(second)}]`)).toEqual([{ a: 'x' }, {}, { b: null }]);
    expect(text(bsonToNdjson(new Uint8Array(0)))).toBe('');
  });

  it('escapes what JSON must not hold, in names and in values', () => {
    const document = { 'q"\\\n\u0001ä': 'q"\\\b\f\n\r\t\u0000\u001f/ä\u2028' };

    expect(JSON.parse(text(bsonToNdjson(stored(document))))).toEqual(document);
  });

  it('replaces stored text that is not UTF-8, since JSON has no form for it', () => {
    const bytes = stored({ a: 'xx' });
    bytes[bytes.indexOf('xx')] = 0xff;

    expect(text(bsonToNdjson(bytes))).toBe('{"a":"\ufffdx"}\n');
  });

  it('refuses bytes that are no whole documents', () => {
    expect(() => bsonToNdjson(stored({ a: 1 }).subarray(0, 9))).toThrow(RangeError);
    expect(() => bsonToCsv(new Uint8Array(7), { columns: ['a'] })).toThrow(RangeError);
  });
});
