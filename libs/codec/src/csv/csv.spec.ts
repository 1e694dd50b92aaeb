import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { Binary, Decimal128, type Document, Double, Int32, Long, ObjectId } from 'bson';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import type { CsvOptions, StoredType } from '../index.ts';
import { codesOf, type Options, read, readValues } from '../testing/read-rows.ts';

const csv: Options = { format: 'csv' };
const values = (text: string | Uint8Array, options: Options = {}) => readValues(text, { ...csv, ...options });
const withCsv = (text: string, options: CsvOptions) => values(text, { csv: options });

describe('reading CSV', () => {
  it('takes cells as text after RFC 4180', () => {
    const text = '\ufeffa,b,c\r\n1, x ,"say ""hi"", then\nleave"\n"","",\n\n007,ä€😀,"\r\n"';

    expect(values(text)).toEqual([
      { a: '1', b: ' x ', c: 'say "hi", then\nleave' },
      { a: '', b: '', c: '' },
      { a: '007', b: 'ä€😀', c: '\r\n' },
    ]);
  });

  it('counts rows and lines rightly across quoted line breaks and empty lines', () => {
    const { chunks } = read('a\n"x\ny\n"\n\n\r\nz\n"\n"', csv);

    expect([...chunks[0]!.rowNumbers]).toEqual([1, 2, 3]);
    expect([...chunks[0]!.lines]).toEqual([2, 7, 8]);
    expect([...chunks[0]!.offsets]).toEqual([2, 12, 14]);
  });

  it('reads cells as csv-parse does, whatever they hold and however they are quoted', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'ä', ',', '"', '\n', '\r\n', ' ', ';', '\t', '😀') });
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
    const needsQuotes = /[",\n\r]/;
    const row = fc.tuple(...Array.from({ length: 3 }, () => fc.tuple(cell, fc.boolean())));
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 8 }), fc.constantFrom('\n', '\r\n'), (rows, lineBreak) => {
        const lines = rows.map((cells) =>
          cells.map(([text, quote]) => (quote || needsQuotes.test(text) ? quoted(text) : text)).join(),
        );
        const text = ['a,b,c', ...lines].join(lineBreak);
        // csv-parse guesses the line break from the first one it sees.
        const oracle = parse(text, { columns: true, record_delimiter: lineBreak });

        expect(values(text)).toEqual(oracle);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['1,2,3', 'RAGGED_ROW'],
    ['1', 'RAGGED_ROW'],
    ['a"b,2', 'MALFORMED_CSV'],
    ['"a"b,2', 'MALFORMED_CSV'],
    ['"a" ,2', 'MALFORMED_CSV'],
  ])('refuses the row %j as %s and keeps the rows around it', (row, code) => {
    const { documents, rejected } = read(`a,b\n0,0\n${row}\n3,3\n`, csv);

    expect(rejected).toMatchObject([{ code, row: 2, line: 3, byteOffset: 8, raw: row }]);
    expect(documents.map(({ a }) => a as string)).toEqual(['0', '3']);
  });

  it('refuses a row whose quotes never close, and what is not UTF-8', () => {
    expect(read('a\nx\n"y\nz\n', csv)).toMatchObject({
      documents: [{ a: 'x' }],
      rejected: [{ code: 'MALFORMED_CSV', line: 3 }],
    });
    expect(codesOf(Buffer.from([0x61, 0x0a, 0xff, 0x0a, 0x62]), csv)).toEqual(['INVALID_UTF8']);
  });

  it.each([
    ['a,a\n1,2', '"a" occurs twice'],
    ['a,,b\n1,2,3', 'column 2 has no name'],
    ['a,$b\n1,2', '"$b"'],
    ['a.$b\n1', '"a.$b"'],
    ['a..b\n1', 'empty part'],
    ['a,a.b\n1,2', 'exclude each other'],
    ['a,"b\n1,2', 'RFC 4180'],
  ])('refuses the header of %j by name', (text, message) => {
    expect(read(text, csv)).toMatchObject({
      documents: [],
      fault: { code: 'BAD_HEADER', message: expect.stringContaining(message) },
    });
  });

  it('says so where the file is compressed', () => {
    const expected = { code: 'BAD_HEADER', message: 'the file looks gzip-compressed: send Content-Encoding: gzip' };

    expect(read(gzipSync('a,b\n1,2\n'), csv).fault).toMatchObject(expected);
    expect(read(gzipSync(randomBytes(5_000)), { ...csv, maxRowBytes: 10 }).fault).toMatchObject(expected);
  });

  it('calls a file with a header alone empty', () => {
    expect(read('a,b\n', csv).fault).toMatchObject({ code: 'EMPTY_FILE' });
    expect(read('', csv).fault).toMatchObject({ code: 'EMPTY_FILE' });
  });

  it('nests columns with dotted names, and takes __proto__ as a name', () => {
    expect(values('a.b,c,a.d.e\n1,2,3')).toEqual([{ a: { b: '1', d: { e: '3' } }, c: '2' }]);
    expect(Buffer.from(read('__proto__\nx', csv).chunks[0]!.documents).includes('__proto__\0')).toBe(true);
  });

  it('knows other delimiters and quotes, files without header, null texts and TSV', () => {
    expect(withCsv("a;b\n'x;y';2", { delimiter: ';', quote: "'" })).toEqual([{ a: 'x;y', b: '2' }]);
    expect(withCsv('1,2', { header: false, columns: ['x', 'y'] })).toEqual([{ x: '1', y: '2' }]);
    expect(withCsv('a,b\n1,2', { columns: ['x', 'y'] })).toEqual([{ x: '1', y: '2' }]);
    expect(withCsv('a,b\nNULL,"NULL"', { nullText: 'NULL' })).toEqual([{ a: null, b: 'NULL' }]);
    expect(values('a\tb\n1,5\t"x\ty"', { format: 'tsv' })).toEqual([{ a: '1,5', b: 'x\ty' }]);
  });

  it('treats empty cells as asked, quoted ones as empty text', () => {
    expect(withCsv('a,b\n,""', {})).toEqual([{ a: '', b: '' }]);
    expect(withCsv('a,b\n,""', { emptyAs: 'null' })).toEqual([{ a: null, b: '' }]);
    expect(withCsv('a,b\n,""', { emptyAs: 'absent' })).toEqual([{ b: '' }]);
    expect(values('a,b,c.d\n1,,', { fieldTypes: { b: 'int', 'c.d': 'date' } })).toEqual([{ a: '1' }]);
  });

  it("takes a column _id as the row's own, and makes one where the cell is empty", () => {
    const { documents, chunks } = read('a,_id\n1,x\n2,', csv);

    expect(documents[0]).toEqual({ _id: 'x', a: '1' });
    expect(documents[1]!._id).toBeInstanceOf(ObjectId);
    expect(chunks[0]!.hasOwnIds).toBe(true);
  });

  it.each<[StoredType, string, unknown]>([
    ['string', '007', '007'],
    ['int', '12', new Int32(12)],
    ['int', '-2147483649', Long.fromNumber(-2147483649)],
    ['int', '9007199254740993', Long.fromString('9007199254740993')],
    ['long', '12', Long.fromNumber(12)],
    ['double', '1', new Double(1)],
    ['double', '-1.5e3', new Double(-1500)],
    ['double', '0.1', new Double(0.1)],
    ['double', '1.', new Double(1)],
    ['double', '.5', new Double(0.5)],
    ['double', '-0', new Double(-0)],
    ['double', '0.07982206348321497', new Double(0.07982206348321497)],
    ['double', 'NaN', new Double(NaN)],
    ['decimal', '12.50', Decimal128.fromString('12.50')],
    ['decimal', '-0.001', Decimal128.fromString('-0.001')],
    ['decimal', '1234567890123456789012345678901234', Decimal128.fromString('1234567890123456789012345678901234')],
    ['boolean', 'true', true],
    ['boolean', 'false', false],
    ['date', '2024-02-29', new Date('2024-02-29T00:00:00Z')],
    ['date', '2024-02-29T23:59:59.123456-01:30', new Date('2024-03-01T01:29:59.123Z')],
    ['date', '1965-01-01 00:00Z', new Date('1965-01-01T00:00:00Z')],
    ['date', '+010000-01-01T00:00:00Z', new Date('+010000-01-01T00:00:00Z')],
    ['objectid', '0102030405060708090a0b0c', new ObjectId('0102030405060708090a0b0c')],
    ['binary', 'AAE=', new Binary(Uint8Array.from([0, 1]))],
    ['null', 'null', null],
  ])('stores as %s the cell %s', (type, cell, expected) => {
    expect(values(`a.b\n${cell}\n"${cell}"`, { fieldTypes: { 'a.b': type } })).toEqual([
      { a: { b: expected } },
      { a: { b: expected } },
    ]);
  });

  it.each<[StoredType, string, string]>([
    ['int', '1.5', 'TYPE_MISMATCH'],
    ['int', '1e3', 'TYPE_MISMATCH'],
    ['int', '0x10', 'TYPE_MISMATCH'],
    ['int', ' 1', 'TYPE_MISMATCH'],
    ['int', '-', 'TYPE_MISMATCH'],
    ['int', '9223372036854775808', 'NUMBER_OUT_OF_RANGE'],
    ['double', 'one', 'TYPE_MISMATCH'],
    ['double', '1.2.3', 'TYPE_MISMATCH'],
    ['double', '-', 'TYPE_MISMATCH'],
    ['double', '.', 'TYPE_MISMATCH'],
    ['int', 'say ""x""', 'TYPE_MISMATCH'],
    ['double', '1e999', 'NUMBER_OUT_OF_RANGE'],
    ['decimal', '1,5', 'TYPE_MISMATCH'],
    ['decimal', '12345678901234567890123456789012345', 'NUMBER_OUT_OF_RANGE'],
    ['boolean', 'yes', 'TYPE_MISMATCH'],
    ['date', '2023-02-29', 'TYPE_MISMATCH'],
    ['date', '1900-02-29', 'TYPE_MISMATCH'],
    ['date', '2024-01-01T00:00:00', 'TYPE_MISMATCH'],
    ['date', '2024-01-01T24:00:00Z', 'TYPE_MISMATCH'],
    ['date', '01/02/2024', 'TYPE_MISMATCH'],
    ['date', '2024-1-1', 'TYPE_MISMATCH'],
    ['objectid', '0102030405060708090a0b', 'TYPE_MISMATCH'],
    ['objectid', '0102030405060708090a0b0g', 'TYPE_MISMATCH'],
    ['binary', 'A===', 'TYPE_MISMATCH'],
    ['binary', 'AA E', 'TYPE_MISMATCH'],
  ])('refuses as %s the cell %j', (type, cell, code) => {
    const { rejected } = read(`a.b,c\n"${cell}",x`, { ...csv, fieldTypes: { 'a.b': type } });

    expect(rejected).toMatchObject([{ code, path: 'a.b', value: cell.replaceAll('""', '"') }]);
  });

  it('reads dates as JavaScript does', () => {
    const date = fc.date({ noInvalidDate: true });
    fc.assert(
      fc.property(fc.array(date, { minLength: 1, maxLength: 50 }), (dates) => {
        const text = `a\n${dates.map((item) => item.toISOString()).join('\n')}`;
        expect(values(text, { fieldTypes: { a: 'date' } }).map(({ a }: Document) => a as Date)).toEqual(dates);
      }),
    );
  });

  it('shows a validator the row after conversion', () => {
    const seen: unknown[] = [];
    const { rejected } = read('a,b,c.d,e\n1,2024-01-01,x,\n2,2024-01-02T00:00:00Z,y,', {
      ...csv,
      fieldTypes: { a: 'int', b: 'date', e: 'long' },
      validate: (row) => {
        seen.push(row);
        return (row as { a: number }).a === 2 ? { code: 'SCHEMA_VIOLATION', message: 'no', path: 'a' } : undefined;
      },
    });

    expect(seen).toEqual([
      { a: 1, b: '2024-01-01T00:00:00.000Z', c: { d: 'x' } },
      { a: 2, b: '2024-01-02T00:00:00.000Z', c: { d: 'y' } },
    ]);
    expect(rejected).toMatchObject([{ code: 'SCHEMA_VIOLATION', path: 'a', row: 2 }]);
  });
});
