import { describe, expect, it } from '@jest/globals';
import * as bson from 'bson';
import fc from 'fast-check';
import {
  bsonToCsv,
  collectColumns,
  collectColumnTypes,
  columnNames,
  csvHeader,
  type CsvTextStyle,
  headerTypeOf,
} from '../index.ts';
import { type Options, read } from '../testing/read-rows.ts';

const serialized = (documents: readonly bson.Document[]) =>
  Buffer.concat(documents.map((document) => bson.serialize(document)));

/** As an export with `types=header` writes it. */
function typedCsv(documents: Uint8Array, style: CsvTextStyle): string {
  const found = new Set<string>();
  collectColumns(documents, found);
  const columns = [...found];
  const types = collectColumnTypes(documents, columns, []);
  const header = columns.map((column, index) => `${column}.${headerTypeOf(types[index] ?? 0)}`);
  return Buffer.concat([csvHeader(header, style), bsonToCsv(documents, { ...style, columns })]).toString();
}

function readAgain(text: string, { delimiter = ',', nullText, formulas }: CsvTextStyle): bson.Document[] {
  const csv: NonNullable<Options['csv']> = { delimiter, emptyAs: 'absent', ...(nullText && { nullText }) };
  if (formulas) csv.formulas = 'unescape';
  const { documents, rejected, fault } = read(text, { format: 'csv', types: 'header', csv });
  expect([fault, rejected]).toEqual([undefined, []]);
  return documents;
}

const piece = fc.constantFrom(
  'a',
  '=',
  '+',
  '-',
  '@',
  "'",
  '\t',
  '\r',
  '\n',
  ',',
  ';',
  '"',
  '\\',
  '.',
  '＝',
  'ä',
  '😀',
  '0',
);
const text = fc.string({ unit: piece, maxLength: 6 });
const name = fc
  .oneof(text, fc.constantFrom('__proto__', 'x.int32()', 'constructor', "'=a"))
  .filter((value) => value !== '' && value !== '_id');

const kinds: readonly fc.Arbitrary<unknown>[] = [
  text,
  fc.integer().map((value) => new bson.Int32(value)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => bson.Long.fromBigInt(value)),
  fc.double().map((value) => new bson.Double(value)),
  fc
    .tuple(fc.bigInt({ min: -(10n ** 34n) + 1n, max: 10n ** 34n - 1n }), fc.integer({ min: -6176, max: 6111 }))
    .map(([digits, exponent]) => bson.Decimal128.fromString(`${digits}E${exponent}`)),
  fc.boolean(),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ minLength: 12, maxLength: 12 }).map((bytes) => new bson.ObjectId(bytes)),
  fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => new bson.Binary(bytes)),
];

/** Documents of one shape: a field has one type, and may be null or absent. */
type Shape = fc.Arbitrary<unknown>;
const leaf = fc
  .constantFrom(...kinds)
  .map((kind): Shape => fc.oneof({ weight: 3, arbitrary: kind }, fc.constant(null)));
const shapes = fc.letrec<{ object: Shape; any: Shape }>((tie) => ({
  any: fc.oneof({ depthSize: 'small' }, { weight: 3, arbitrary: leaf }, tie('object')),
  object: fc
    .uniqueArray(fc.tuple(name, tie('any')), { minLength: 1, maxLength: 4, selector: ([key]) => key })
    .map((fields) =>
      fc
        .tuple(...fields.map(([, value]) => fc.option(value, { nil: undefined })))
        .map((values) => fields.flatMap(([key], index) => (isThere(values[index]) ? [[key, values[index]]] : [])))
        .map((entries) => Object.fromEntries(entries) as bson.Document),
    ),
})).object;
const isThere = (value: unknown) => value !== undefined && !(isPlain(value) && Object.keys(value).length === 0);
const isPlain = (value: unknown): value is bson.Document =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

const style = fc.record<CsvTextStyle>(
  {
    delimiter: fc.constantFrom(',', ';', '\t', '|'),
    newline: fc.constantFrom('lf', 'crlf'),
    formulas: fc.constant('escape' as const),
  },
  { requiredKeys: [] },
);
const nullText = fc.constantFrom('NULL', '0', '-', '\\N', 'true', "'=", 'ä');

/** With fields in the order of their names: a table has one order for all. */
function sorted(value: unknown): unknown {
  if (!isPlain(value)) return value;
  const fields = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(fields.map(([key, inner]) => [key, sorted(inner)]));
}
const bytesOf = (documents: readonly bson.Document[]) =>
  documents.map((one) => bson.serialize(sorted(one) as bson.Document));

describe('CSV with types in its header', () => {
  it('comes back by an import as it was: types, nested fields, null and absent, names and formulas', () => {
    const tables = shapes.chain((shape) =>
      fc.array(shape as fc.Arbitrary<bson.Document>, { minLength: 1, maxLength: 6 }),
    );
    fc.assert(
      fc.property(tables, style, nullText, (rows, given, text) => {
        const documents = rows.map((row, index) => ({ _id: new bson.Int32(index), ...row }));
        const how = { ...given, nullText: text };

        const again = readAgain(typedCsv(serialized(documents), how), how);

        expect(bytesOf(again)).toEqual(bytesOf(documents));
      }),
      { numRuns: 500 },
    );
  });

  it('has a column each for a name with a dot and for the same path nested', () => {
    const documents = [{ _id: 'x', 'a.b': 'dotted', a: { b: 'nested', 'c\\': { d: 'deep' } } }];
    const written = typedCsv(serialized(documents), {});

    expect(written).toBe('_id.string(),a\\.b.string(),a.b.string(),a.c\\\\.d.string()\nx,dotted,nested,deep\n');
    expect(readAgain(written, {})).toEqual(documents);
    expect(columnNames('a.c\\\\.d')).toEqual(['a', 'c\\', 'd']);
  });

  it.each([
    [[1, 2], 'int32()'],
    [[1, bson.Long.fromNumber(1)], 'auto()'],
    [[1, 0.5], 'auto()'],
    [[0.5, bson.Decimal128.fromString('1.10')], 'decimal()'],
    [[1, 'text'], 'string()'],
    [[true, 1], 'string()'],
    [[null], 'string()'],
    [[new Date(0), null], 'date()'],
    [[[1]], 'string()'],
    [[new bson.MinKey()], 'string()'],
  ])('names for the values %j the type %s', (values, type) => {
    const documents = serialized(values.map((a) => ({ a })));

    expect(headerTypeOf(collectColumnTypes(documents, ['a'], [])[0] ?? 0)).toBe(type);
  });

  it('goes on collecting types over pages, and for columns that come later', () => {
    const first = collectColumnTypes(serialized([{ a: 1 }]), ['a'], []);
    const both = collectColumnTypes(serialized([{ a: 0.5, b: 'x' }]), ['a', 'b'], first);

    expect(both.map(headerTypeOf)).toEqual(['auto()', 'string()']);
  });
});

describe('cells that a spreadsheet would take for formulas', () => {
  const escaped = (value: unknown, more: CsvTextStyle = {}) => {
    const written = bsonToCsv(serialized([{ a: value, b: 'x' }]), { columns: ['a', 'b'], formulas: 'escape', ...more });
    return Buffer.from(written).toString().slice(0, -3);
  };

  it.each([
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\tx', "'\tx"],
    ['\rx', '"\'\rx"'],
    ['\n=x', '"\'\n=x"'],
    ['\0x', "'\0x"],
    ['＝1', "'＝1"],
    ["'=1", "''=1"],
    ["''=1", "'''=1"],
    ["'quoted'", "'quoted'"],
    ["'", "'"],
    ['a=1', 'a=1'],
    ['=HYPERLINK("x","y")', '"\'=HYPERLINK(""x"",""y"")"'],
    [new bson.Binary(Uint8Array.from([0xf8])), "'+A=="],
  ])('get an apostrophe where they are text: %j', (value, expected) => {
    expect(escaped(value)).toBe(expected);
  });

  it.each([
    [-1, '-1'],
    [new bson.Double(-0.5), '-0.5'],
    [bson.Long.MIN_VALUE, '-9223372036854775808'],
    [bson.Decimal128.fromString('-1.10'), '-1.10'],
    [new bson.Double(-Infinity), '-Infinity'],
    [new Date(-62198755200000), '-000001-01-01T00:00:00Z'],
  ])('get none where they are numbers or dates: %s', (value, expected) => {
    expect(escaped(value)).toBe(expected);
  });

  it('are told from numbers by it, also where types=lossless reads them', () => {
    const documents = [{ _id: 'x', n: new bson.Int32(-5), t: '-5' }];
    const columns = ['_id', 'n', 't'];
    const style = { formulas: 'escape' } as const;
    const written = Buffer.concat([csvHeader(columns, style), bsonToCsv(serialized(documents), { columns, ...style })]);

    expect(read(written, { format: 'csv', types: 'lossless', csv: { formulas: 'unescape' } }).documents).toEqual(
      documents,
    );
  });

  it('are left as they are unless that is asked for, on either side', () => {
    expect(escaped('=1', { formulas: undefined })).toBe('=1');
    expect(read("a\n'=1\n", { format: 'csv' }).documents).toMatchObject([{ a: "'=1" }]);
  });

  it('may stand in the header', () => {
    const header = Buffer.from(csvHeader(['=a', "'=b", 'c'], { formulas: 'escape' })).toString();

    expect(header).toBe("'=a,''=b,c\n");
    expect(read(`${header}1,2,3\n`, { format: 'csv', csv: { formulas: 'unescape' } }).documents).toMatchObject([
      { '=a': '1', "'=b": '2', c: '3' },
    ]);
  });
});

describe('null and absent', () => {
  it('are told apart by a text for null, and values with that text are quoted', () => {
    const documents = serialized([{ a: null, b: 'NULL' }, { a: 'x' }, { b: null }]);
    const written = bsonToCsv(documents, { columns: ['a', 'b'], nullText: 'NULL' });

    expect(Buffer.from(written).toString()).toBe('NULL,"NULL"\nx,\n,NULL\n');
  });

  it('are told apart also where a number is written as null is', () => {
    const written = bsonToCsv(serialized([{ a: 0, b: null }]), { columns: ['a', 'b'], nullText: '0' });

    expect(Buffer.from(written).toString()).toBe('"0",0\n');
  });
});
