import { describe, expect, it } from '@jest/globals';
import { createRowReader, type CsvOptions, rowOptionsFault, type RowReaderOptions } from '../index.ts';
import { codesOf, idPrefix, read, readValues } from '../testing/read-rows.ts';

const withCsv = (text: string, csv: CsvOptions) => readValues(text, { format: 'csv', csv });

describe('a CSV dialect', () => {
  it('may have no quotes at all: they are text then', () => {
    expect(withCsv('a,b\n"x,y"\n"",5" disk', { quote: '' })).toEqual([
      { a: '"x', b: 'y"' },
      { a: '""', b: '5" disk' },
    ]);
    expect(codesOf('a\n"x\ny"\n', { format: 'csv', csv: { quote: '' } })).toEqual([]);
  });

  it('has a null text that counts where it stands unquoted, and nowhere else', () => {
    const found = withCsv('a,b,c\n\\N,"\\N",x\\N', { nullText: '\\N' });

    expect(found).toEqual([{ a: null, b: '\\N', c: 'x\\N' }]);
    expect(withCsv('a,b\n,""', { nullText: '' })).toEqual([{ a: null, b: '' }]);
    expect(readValues('a\nNULL\n', { format: 'csv', csv: { nullText: 'NULL' }, fieldTypes: { a: 'int' } })).toEqual([
      { a: null },
    ]);
  });

  it.each<[CsvOptions['emptyAs'], unknown]>([
    ['string', { t: '', q: '' }],
    ['null', { t: null, q: '', n: null }],
    ['absent', { q: '' }],
    [undefined, { t: '', q: '' }],
  ])('takes empty cells as %s', (emptyAs, expected) => {
    const { documents, rejected } = read('t,q,n\n,"",\n', {
      format: 'csv',
      csv: { ...(emptyAs && { emptyAs }) },
      ...(emptyAs !== 'string' && { fieldTypes: { n: 'int' } }),
    });

    expect(rejected).toEqual([]);
    expect(documents[0]).toMatchObject(expected as object);
    expect('n' in documents[0]!).toBe(emptyAs === 'null' || emptyAs === 'string');
  });

  it('refuses an empty text in a column of numbers where empty means text', () => {
    expect(codesOf('n\n""\n,\n', { format: 'csv', csv: { emptyAs: 'string' }, fieldTypes: { n: 'int' } })).toEqual([
      'TYPE_MISMATCH',
      'RAGGED_ROW',
    ]);
  });

  it.each<[Partial<RowReaderOptions>, string]>([
    [{ csv: { delimiter: '::' } }, 'csv.delimiter must be one ASCII character'],
    [{ csv: { delimiter: '' } }, 'csv.delimiter'],
    [{ csv: { delimiter: '§' } }, 'csv.delimiter'],
    [{ csv: { delimiter: '\n' } }, 'csv.delimiter'],
    [{ csv: { quote: ',' } }, 'must differ'],
    [{ csv: { header: false } }, 'csv.columns must name'],
    [{ csv: { header: false, columns: ['a', 'a'] } }, 'csv.columns: column "a" occurs twice'],
    [{ csv: { columns: ['a.$b'] } }, 'csv.columns: column "a.$b" begins with $'],
    [{ csv: { columns: ['a'] }, types: 'header' }, 'csv.columns: column "a" names no type'],
    [{ csv: { nullText: 'a,b' } }, 'csv.nullText'],
    [{ csv: { nullText: 'a\n' } }, 'csv.nullText'],
    [{ csv: { emptyAs: 'zero' as 'null' } }, 'csv.emptyAs must be null, absent or string'],
    [{ types: 'guess' as 'string' }, 'types must be one of string, lossless, header'],
    [{ ejson: 'canonical' }, 'ejson is an option of JSON'],
    [{ format: 'json', types: 'lossless' }, 'options of CSV'],
    [{ format: 'ndjson', csv: {} }, 'options of CSV'],
    [{ format: 'ndjson', ejson: 'strict' as 'off' }, 'ejson must be'],
  ])('refuses %j', (options, message) => {
    expect(rowOptionsFault({ format: 'csv', ...options })).toContain(message);
  });

  it.each<Partial<RowReaderOptions>>([
    {},
    { types: 'header' },
    { format: 'tsv', csv: { quote: '', nullText: '\\N', emptyAs: 'absent' } },
    { csv: { header: false, columns: ['a', 'b.c'] }, types: 'lossless' },
    { format: 'ndjson', ejson: 'off' },
    { format: 'json' },
  ])('takes %j', (options) => {
    expect(rowOptionsFault({ format: 'csv', ...options })).toBeUndefined();
    expect(() => createRowReader({ format: 'csv', idPrefix, ...options })).not.toThrow();
  });
});

describe('a column that is ignored', () => {
  it('is neither typed nor stored, wherever it stands, and counts as a cell of each row', () => {
    const csv: CsvOptions = { ignore: ['x', '_error'] };
    const text = 'a,x,b,_error\n1,"no, number",2,oops\n3,,4,\n5,6,7\n';
    const { documents, rejected } = read(text, { format: 'csv', csv, fieldTypes: { a: 'int', x: 'int', b: 'int' } });

    expect(documents.map(({ _id, ...fields }) => JSON.stringify(fields))).toEqual(['{"a":1,"b":2}', '{"a":3,"b":4}']);
    expect(rejected).toMatchObject([{ code: 'RAGGED_ROW', row: 3 }]);
  });

  it('needs no type in the header, and may have a name that no field has', () => {
    expect(
      readValues('n.int32(),$where,n\n5,x,y\n', { format: 'csv', types: 'header', csv: { ignore: ['$where', 'n'] } }),
    ).toEqual([{ n: expect.anything() }]);
  });

  it.each([
    [['nowhere'], 'csv.ignore names "nowhere", which is not exactly one of the columns'],
    [['a'], 'csv.ignore names "a", which is not exactly one of the columns'],
    [['b', 'c'], undefined],
  ])('must be there once: %j', (ignore, message) => {
    const { fault } = read('a,a,b,c\n1,2,3,4\n', { format: 'csv', csv: { ignore } });

    expect(fault).toMatchObject({ code: 'BAD_HEADER', message: message ?? 'column "a" occurs twice' });
  });

  it('does not leave a file without columns', () => {
    expect(read('a\n1\n', { format: 'csv', csv: { ignore: ['a'] } }).fault).toMatchObject({ code: 'BAD_HEADER' });
    expect(rowOptionsFault({ format: 'csv', csv: { header: false, columns: ['a'], ignore: ['b'] } })).toContain('"b"');
  });
});

describe('the text of a refused row', () => {
  it('ends with the blanks and empty cells that it was sent with', () => {
    const { rejected } = read('a\tb\n1\t\t\r\n 2 \n', { format: 'tsv' });

    expect(rejected).toMatchObject([
      { raw: '1\t\t', rawComplete: true },
      { raw: ' 2 ', rawComplete: true },
    ]);
  });

  it('is not complete where it is cut, or holds bytes that are no characters', () => {
    const text = Buffer.concat([Buffer.from('a,b\n'), Buffer.from([0xe9, 0x2c, 0x0a]), Buffer.from('1234567890123\n')]);

    expect(read(text, { format: 'csv', maxRawBytes: 12 }).rejected).toMatchObject([
      { raw: '\ufffd,', rawComplete: false },
      { raw: '123456789012', rawComplete: false },
    ]);
  });
});
