import { describe, expect, it } from '@jest/globals';
import { Binary, Decimal128, Double, Int32, Long, ObjectId } from 'bson';
import fc from 'fast-check';
import { bsonToCsv, type CsvTypes, type RowPosition } from '../index.ts';
import { type Options, read, readChunks, readValues } from '../testing/read-rows.ts';

const values = (text: string, types: CsvTypes, options: Options = {}) =>
  readValues(text, { format: 'csv', types, ...options });
const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

describe('types=lossless', () => {
  it.each<[string, unknown]>([
    ['0', new Int32(0)],
    ['12', new Int32(12)],
    ['-2147483648', new Int32(-2147483648)],
    ['2147483648', Long.fromNumber(2147483648)],
    ['9007199254740993', Long.fromString('9007199254740993')],
    ['-9223372036854775808', Long.MIN_VALUE],
    ['0.1', new Double(0.1)],
    ['-12.5', new Double(-12.5)],
    ['0.000001', new Double(0.000001)],
    ['123456789.123456', new Double(123456789.123456)],
    ['0.07982206348321497', new Double(0.07982206348321497)],
    ['true', true],
    ['false', false],
  ])('takes %s for the number or boolean that it is, quoted or not', (cell, expected) => {
    expect(values(`a.b\n${cell}\n"${cell}"`, 'lossless')).toEqual([{ a: { b: expected } }, { a: { b: expected } }]);
  });

  it.each([
    ...['007', '00', '-0', '-0.0', '0.0', '1.0', '1.50', '1.', '.5', '-.5', '+1', '1e3', '1E3', '0x10', '1_000', '1,5'],
    ...['9223372036854775808', '-9223372036854775809', '0.1000000000000000055', '0.0000001', '123456789012345678.5'],
    ...[
      '-',
      '--1',
      '1-',
      '1.2.3',
      ' 1',
      '1 ',
      '\u00a01',
      'True',
      'TRUE',
      'truee',
      'tru',
      'NaN',
      'Infinity',
      'null',
      '',
      '١',
    ],
    ...['0102030405060708090a0b0c', '2024-01-01', 'say "1"', '1234567890123456789012345678901234'],
  ])('leaves %j as text', (cell) => {
    expect(values(`a\n${quoted(cell)}`, 'lossless')).toEqual([{ a: cell }]);
  });

  it('gives the same cell when it is written again, whatever the cell', () => {
    const digits = fc.stringMatching(/^[+-]?[0-9]{0,20}(\.[0-9]{0,20})?([eE][0-9])?$/);
    const cell = fc.oneof(
      digits,
      fc.double().map(String),
      fc.bigInt().map(String),
      fc.maxSafeInteger().map(String),
      fc.string(),
    );
    fc.assert(
      fc.property(
        cell.filter((text) => !/[\r\n\0]/.test(text)),
        (text) => {
          const { chunks } = readChunks(`a\n${quoted(text)}`, { format: 'csv', types: 'lossless' });
          const written = bsonToCsv(chunks[0]!.documents, { columns: ['a'] });
          const [again] = readValues(`a\n${Buffer.from(written).toString()}`, { format: 'csv' });

          expect(again).toEqual({ a: text });
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('keeps empty cells as the dialect says, and lets a schema win', () => {
    expect(values('a,b\n,""', 'lossless')).toEqual([{ a: '', b: '' }]);
    expect(values('a,b\n,1', 'lossless', { csv: { emptyAs: 'null' } })).toEqual([{ a: null, b: new Int32(1) }]);
    expect(values('a,b,c\n1,1,1', 'lossless', { fieldTypes: { a: 'string', b: 'double' } })).toEqual([
      { a: '1', b: new Double(1), c: new Int32(1) },
    ]);
  });

  it('shows a validator numbers as numbers', () => {
    const seen: unknown[] = [];
    read('a,b,c\n1,x,0.5', { format: 'csv', types: 'lossless', validate: (row) => void seen.push(row) });

    expect(seen).toEqual([{ a: 1, b: 'x', c: 0.5 }]);
  });
});

const at = (text: string) => new Date(text);

describe('types=header', () => {
  it.each<[string, string, unknown]>([
    ['int32()', '-7', new Int32(-7)],
    ['int64()', '7', Long.fromNumber(7)],
    ['double()', '1e3', new Double(1000)],
    ['decimal()', '1.10', Decimal128.fromString('1.10')],
    ['boolean()', 'TRUE', true],
    ['boolean()', '0', false],
    ['string()', '007', '007'],
    ['auto()', '1.5', new Double(1.5)],
    ['auto()', '007', '007'],
    ['objectid()', '0102030405060708090a0b0c', new ObjectId('0102030405060708090a0b0c')],
    ['binary(base64)', 'AAE=', new Binary(Uint8Array.from([0, 1]))],
    ['binary(hex)', '00fF', new Binary(Uint8Array.from([0, 255]))],
    ['binary(base32)', 'MZXW6YTB', new Binary(Buffer.from('fooba'))],
    ['binary(base32)', 'MZXW6===', new Binary(Buffer.from('foo'))],
    ['date()', '2024-02-29T12:00:00+01:00', at('2024-02-29T11:00:00Z')],
    ['date(2006-01-02)', '2024-02-29', at('2024-02-29T00:00:00Z')],
    ['date(2006-01-02 15:04:05)', '2024-02-29 23:59:58', at('2024-02-29T23:59:58Z')],
    ['date(2006-01-02 15:04:05)', '2024-02-29 23:59:58.1239', at('2024-02-29T23:59:58.123Z')],
    ['date(2006-01-02T15:04:05.000Z07:00)', '2024-02-29T01:02:03.5-01:30', at('2024-02-29T02:32:03.500Z')],
    ['date(Monday, 2 January 2006 3:04 PM)', 'thursday, 9 February 2023 12:05 am', at('2023-02-09T00:05:00Z')],
    ['date(Jan _2 06 \\(MST\\))', 'Mar  7 69 (UTC)', at('1969-03-07T00:00:00Z')],
    ['date_go(01/02/2006)', '02/29/2024', at('2024-02-29T00:00:00Z')],
    ["date_ms(dd.MM.yyyy 'um' H:mm)", '29.02.2024 um 7:05', at('2024-02-29T07:05:00Z')],
    ['date_ms(M/d/yy h:mm:ss.fff tt)', '2/9/24 1:02:03.250 PM', at('2024-02-09T13:02:03.250Z')],
    ['date_oracle(DD-MON-YYYY HH24:MI:SS)', '29-FEB-2024 23:00:01', at('2024-02-29T23:00:01Z')],
    [
      'date_oracle(YYYY-MM-DD"T"HH24:MI:SS.FF3 TZH:TZM)',
      '2024-02-29T01:00:00.007 +05:30',
      at('2024-02-28T19:30:00.007Z'),
    ],
  ])('stores as %s the cell %s', (type, cell, expected) => {
    expect(values(`${quoted(`a.b.${type}`)},c.string()\n${quoted(cell)},x`, 'header')).toEqual([
      { a: { b: expected }, c: 'x' },
    ]);
  });

  it.each([
    ['int32()', '2147483648', 'NUMBER_OUT_OF_RANGE'],
    ['int32()', '1.5', 'TYPE_MISMATCH'],
    ['int64()', '9223372036854775808', 'NUMBER_OUT_OF_RANGE'],
    ['double()', '1e999', 'NUMBER_OUT_OF_RANGE'],
    ['double()', 'one', 'TYPE_MISMATCH'],
    ['decimal()', '1,5', 'TYPE_MISMATCH'],
    ['boolean()', 'yes', 'TYPE_MISMATCH'],
    ['objectid()', 'xyz', 'TYPE_MISMATCH'],
    ['binary(hex)', 'abc', 'TYPE_MISMATCH'],
    ['binary(base32)', 'mzxw6ytb', 'TYPE_MISMATCH'],
    ['date(2006-01-02)', '2023-02-29', 'TYPE_MISMATCH'],
    ['date(2006-01-02)', '2023-02-28 ', 'TYPE_MISMATCH'],
    ['date(2006-01-02 15:04)', '2023-02-28 24:00', 'TYPE_MISMATCH'],
    ['date(3:04 PM 2006)', '13:00 PM 2006', 'TYPE_MISMATCH'],
    ['date(2006-01-02)', `2024-01-01${'0'.repeat(500)}`, 'TYPE_MISMATCH'],
    ['date_ms(yyyy.MM)', '2024x01', 'TYPE_MISMATCH'],
    ['date()', '+300000-01-01', 'TYPE_MISMATCH'],
  ])('refuses as %s the cell %s', (type, cell, code) => {
    const { rejected, documents } = read(`a.b.${type},c.string()\n${quoted(cell)},x\n,y`, {
      format: 'csv',
      types: 'header',
    });

    expect(rejected).toMatchObject([
      { code, path: 'a.b', row: 1, message: expect.stringContaining(type.split('(')[0]!.slice(0, 4)) },
    ]);
    expect(documents).toMatchObject([{ c: 'y' }]);
  });

  it.each([
    ['a.int32(),b', 'names no type, as in "b.string()"'],
    ['a.int(),b.string()', 'unknown type int;'],
    ['a.int32(5)', 'takes no argument'],
    ['a.binary()', 'must say base64, base32 or hex'],
    ['a.date(01/02)', 'without a year'],
    ['a.int32(),a.string()', '"a" occurs twice'],
    ['.int32()', 'column 1 has no name'],
    ['$a.int32()', '"$a"'],
    ['a.b.c.int32()', 'nested deeper than 2 levels'],
  ])('refuses the header %s by name', (header, message) => {
    expect(read(`${header}\n1,2`, { format: 'csv', types: 'header', maxDepth: 2 }).fault).toMatchObject({
      code: 'BAD_HEADER',
      message: expect.stringContaining(message),
    });
  });

  it('takes types from given columns too, and a schema wins over both', () => {
    expect(values('1,2', 'header', { csv: { header: false, columns: ['a.int64()', 'b.string()'] } })).toEqual([
      { a: Long.fromNumber(1), b: '2' },
    ]);
    expect(values('a.int64(),b\n1,2', 'header', { fieldTypes: { a: 'string', b: 'int' } })).toEqual([
      { a: '1', b: new Int32(2) },
    ]);
  });

  it('reads dates with a layout as Date.parse reads the same in ISO 8601', () => {
    const date = fc.date({ noInvalidDate: true, min: at('0001-01-01'), max: at('9999-12-31T23:59:59.999Z') });
    fc.assert(
      fc.property(date, (moment) => {
        const iso = moment.toISOString();
        const rows = values(
          `a.date(02/01/2006 15h04 05.000),b.date_ms(yyyyMMdd HHmmss)\n${iso.slice(8, 10)}/${iso.slice(5, 7)}/${iso.slice(0, 4)} ${iso.slice(11, 13)}h${iso.slice(14, 16)} ${iso.slice(17, 23)},${iso.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', ' ')}`,
          'header',
        );
        expect(rows).toEqual([{ a: moment, b: new Date(Math.floor(moment.getTime() / 1000) * 1000) }]);
      }),
    );
  });

  it('carries what a resumed reader needs in its position', () => {
    const text = 'a.int64(),b.date(2006)\n1,2024\n2,2025\n';
    const options: Options = { format: 'csv', types: 'header', maxChunkRows: 1 };
    const [first, second] = readChunks(text, options).chunks;
    const { chunks } = readChunks(text, options, [], JSON.parse(JSON.stringify(first!.end)) as RowPosition);

    expect(Buffer.from(chunks[0]!.documents)).toEqual(Buffer.from(second!.documents));
  });
});
