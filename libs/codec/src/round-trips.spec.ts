import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import * as bson from './bson/bson-types.ts';
import {
  bsonToCsv,
  bsonToJsonElements,
  bsonToNdjson,
  collectColumns,
  collectColumnTypes,
  csvHeader,
  elementOf,
  headerTypeOf,
} from './index.ts';
import { raw, rawArray, rawBinary, rawDocument, rawString, type RawValue } from './testing/raw-bson.ts';
import { type Options, readChunks } from './testing/read-rows.ts';

/** Little-endian, as hex. */
const hex = (type: number, digits: string): RawValue => raw(type, Buffer.from(digits, 'hex'));
const text = (value: string) => raw(bson.STRING, rawString(value));
const document = (...fields: [string, RawValue][]) => raw(bson.DOCUMENT, rawDocument(fields));
const int32 = hex(bson.INT32, '05000000');
const int64 = hex(bson.INT64, '0500000000000000');
const data = Uint8Array.of(1, 2);
const objectIdText = text('0102030405060708090a0b0c');

type Row = [what: string, value: RawValue, ...others: RawValue[]];

/** The values of a field `a`, in records one after another; what becomes of the first is told. */
const values: Row[] = [
  ['text', text('Zürich 😀')],
  ['an empty text', text('')],
  ['text that looks like a formula, `=1+1`', text('=1+1')],
  ['text that is not UTF-8', hex(bson.STRING, '02000000ff00')],
  ['int32', int32],
  ['int64 that fits an int32', int64],
  ['int64 beyond', hex(bson.INT64, '0100000000002000')],
  ['double with a fraction', hex(bson.DOUBLE, '000000000000e03f')],
  ['double that is whole', hex(bson.DOUBLE, '000000000000f03f')],
  ['-0', hex(bson.DOUBLE, '0000000000000080')],
  ['Infinity', hex(bson.DOUBLE, '000000000000f07f')],
  ['NaN', hex(bson.DOUBLE, '000000000000f87f')],
  ['NaN with a sign or a payload of its own', hex(bson.DOUBLE, '010000000000f8ff')],
  ['Decimal128', hex(bson.DECIMAL128, `6e${'00'.repeat(13)}3c30`)],
  ['Decimal128 that is no number in canonical form', hex(bson.DECIMAL128, `${'ff'.repeat(14)}4130`)],
  ['boolean', hex(bson.BOOLEAN, '01')],
  ['null', raw(bson.NULL)],
  ['undefined', raw(bson.UNDEFINED)],
  ['date from 1970 to 9999', hex(bson.DATE, '0000000000000000')],
  ['date before or after', hex(bson.DATE, 'ffffffffffffffff')],
  ['date beyond the years ±271821', hex(bson.DATE, 'ffffffffffffff7f')],
  ['ObjectId', raw(bson.OBJECT_ID, Buffer.alloc(12, 7))],
  ['Binary of subtype 0', rawBinary(data, 0)],
  ['Binary of subtype 0 without a byte', rawBinary(new Uint8Array(), 0)],
  ['Binary of another subtype, such as a UUID', rawBinary(Buffer.alloc(16, 1), 4)],
  ['Binary of subtype 2 in the layout of its own', rawBinary(data, 2)],
  ['Binary of subtype 2 whose inner length is wrong', hex(bson.BINARY, '010000000207')],
  ['regular expression', hex(bson.REGEX, '78006900')],
  ['regular expression with options out of order', hex(bson.REGEX, '7800786900')],
  ['Timestamp', hex(bson.TIMESTAMP, '0100000002000000')],
  ['MinKey', raw(bson.MIN_KEY)],
  ['MaxKey', raw(bson.MAX_KEY)],
  ['Code', raw(bson.CODE, rawString('x'))],
  ['Code with scope', raw(bson.CODE_WITH_SCOPE, Buffer.from('0f0000000200000078000500000000', 'hex'))],
  ['Symbol', raw(bson.SYMBOL, rawString('x'))],
  ['DBPointer', raw(bson.DB_POINTER, rawString('c'), Buffer.alloc(12, 7))],
  ['DBRef', document(['$ref', text('c')], ['$id', int32])],
  ['document', document(['b', int32])],
  ['document without fields', document()],
  ['array', raw(bson.ARRAY, rawArray([int32, text('x')]))],
  ['array whose stored indexes are not 0, 1, 2', raw(bson.ARRAY, rawDocument([['7', int32]]))],
  ['document that looks like Extended JSON', document(['$oid', objectIdText])],
  ['the same, but wrong', document(['$oid', text('x')])],
  ['field whose name begins with `$`', document(['$set', int32])],
  ['field with a dot in its name', document(['b.c', int32])],
  ['field without a name', document(['', int32])],
  ['field `__proto__`', document(['__proto__', int32])],
  ['field that occurs twice in its document', document(['b', int32], ['b', int32])],
  ['int32 where other records have an int64', int32, int64],
  ['int32 where other records have a double', int32, hex(bson.DOUBLE, '000000000000e03f')],
  ['int64 where other records have an int32', int64, int32],
  ['whole double where other records have an int32', hex(bson.DOUBLE, '000000000000f03f'), int32],
  ['int32 where other records have text', int32, text('x')],
  ['int32 where other records have a document', int32, document(['b', int32])],
];

const id = hex(bson.INT32, '01000000');
const stored = (value: RawValue) =>
  rawDocument([
    ['_id', id],
    ['a', value],
  ]);

const kept = (documents: Uint8Array, ejson: 'relaxed' | 'canonical') => bsonToNdjson(documents, { ejson });

function tableOf(documents: Uint8Array): Uint8Array {
  const found = new Set<string>();
  collectColumns(documents, found);
  const columns = [...found];
  const types = collectColumnTypes(documents, columns, []);
  const style = { nullText: 'NULL', formulas: 'escape' } as const;
  const names = columns.map((column, index) => `${column}.${headerTypeOf(types[index] ?? 0)}`);
  return Buffer.concat([csvHeader(names, style), bsonToCsv(documents, { columns, ...style })]);
}

const csv: Options = { format: 'csv', types: 'header' };
csv.csv = { nullText: 'NULL', emptyAs: 'absent', formulas: 'unescape' };

const ways: [write: (documents: Uint8Array) => Uint8Array, read: Options][] = [
  [(documents) => kept(documents, 'canonical'), { ejson: 'canonical' }],
  [(documents) => kept(documents, 'relaxed'), {}],
  [tableOf, csv],
];

const typeNames = new Map(
  Object.entries({ text: bson.STRING, int32: bson.INT32, int64: bson.INT64, double: bson.DOUBLE, binary: bson.BINARY }),
);
const nameOfType = (type: number) => [...typeNames].find(([, one]) => one === type)?.[0] ?? `type ${type}`;

/** What the guide says of a value: the words of its table. */
function outcomeOf(row: Row, [write, options]: (typeof ways)[number]): string {
  const [, value, ...others] = row;
  const documents = [value, ...others].map(stored);
  const { chunks, fault } = readChunks(write(Buffer.concat(documents)), options);
  if (fault) return `the file fails: \`${fault.code}\``;
  const [rejected] = chunks[0]?.rejected ?? [];
  if (rejected) return `rejected: \`${rejected.code}\``;
  const read = elementOf(chunks[0]?.documents ?? new Uint8Array(5), 'a');
  if (!read) return 'no field';
  if (read.type !== value.type) return read.type === bson.OBJECT_ID ? 'an ObjectId' : nameOfType(read.type);
  return Buffer.from(read.bytes).equals(value.bytes) ? 'kept' : 'changed';
}

const guide = readFileSync(new URL('../../../docs/guides/round-trips.md', import.meta.url), 'utf8');
const documented = guide
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  .filter((cells) => cells.length === 4 && !/^-+$/.test(cells[0] ?? '') && cells[0] !== 'value');

describe('what the guide says of values that go out and come in again', () => {
  it.each(values)('is true: %s', (...row) => {
    const [what] = row;

    expect(documented.find(([name]) => name === what)).toEqual([what, ...ways.map((way) => outcomeOf(row, way))]);
  });

  it('is said of nothing else', () => {
    expect(documented.map(([name]) => name)).toEqual(values.map(([name]) => name));
  });

  it('holds for a JSON array as for NDJSON', () => {
    for (const ejson of ['canonical', 'relaxed'] as const) {
      for (const row of values) {
        const asArray = (documents: Uint8Array) =>
          Buffer.concat([Buffer.from('['), bsonToJsonElements(documents, { ejson, first: true }), Buffer.from(']')]);
        const options: Options = ejson === 'canonical' ? { ejson } : {};

        expect([row[0], outcomeOf(row, [asArray, { ...options, format: 'json' }])]).toEqual([
          row[0],
          outcomeOf(row, [(documents) => kept(documents, ejson), options]),
        ]);
      }
    }
  });

  it('leaves a plain table of nothing but text, empty where there was null or no field', () => {
    const documents = [int32, raw(bson.NULL), text('')].map(stored);
    const columns = ['_id', 'a'];
    const written = [csvHeader(columns), ...documents.map((one) => bsonToCsv(one, { columns }))];
    const { chunks } = readChunks(Buffer.concat(written), { format: 'csv' });

    expect(
      Buffer.from(chunks[0]?.documents ?? []).equals(
        Buffer.concat(
          ['5', '', ''].map((value) =>
            rawDocument([
              ['_id', text('1')],
              ['a', text(value)],
            ]),
          ),
        ),
      ),
    ).toBe(true);
  });
});
