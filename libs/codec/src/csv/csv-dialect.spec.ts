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
