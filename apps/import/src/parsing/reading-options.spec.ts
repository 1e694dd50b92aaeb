import { describe, expect, it } from '@jest/globals';
import { importOptions } from '@keyport/contracts';
import type { z } from 'zod';
import { chunkLimitsOf, readingOptionsOf } from './reading-options.ts';

type Format = Parameters<typeof readingOptionsOf>[0]['format'];
type Options = Omit<z.input<typeof importOptions>, 'mode'>;

const read = (format: Format, options: Options, schema: Record<string, unknown> | null = null) =>
  readingOptionsOf({ format, options: importOptions.parse(options) }, schema);

describe('readingOptionsOf', () => {
  it('holds nothing that was not asked for', () => {
    expect(read('csv', {})).toStrictEqual({});
    expect(read('ndjson', { onError: 'abort' })).toStrictEqual({});
  });

  it('gives the options as the codec takes them', () => {
    const options: Options = {
      'csv.delimiter': ';',
      'csv.header': false,
      'csv.columns': ['a', 'b'],
      'csv.empty': 'null',
    };

    expect(read('csv', { ...options, types: 'lossless' })).toStrictEqual({
      types: 'lossless',
      csv: { delimiter: ';', header: false, columns: ['a', 'b'], emptyAs: 'null' },
    });
    expect(read('json', { ejson: 'off' })).toStrictEqual({ ejson: 'off' });
  });

  it('lets the schema name the type of a column that its name does not', () => {
    const schema = { type: 'object', properties: { at: { type: 'string', format: 'date-time' } } };

    expect(read('csv', { types: 'header', 'csv.columns': ['at'] }, schema)).toMatchObject({ types: 'header' });
  });

  it.each<[Format, Options, string[]]>([
    ['ndjson', { types: 'lossless', 'csv.nullText': 'x' }, ['types', 'csv.nullText']],
    ['json', { 'csv.header': true }, ['csv.header']],
    ['tsv', { ejson: 'relaxed' }, ['ejson']],
    ['csv', { 'csv.delimiter': '\n' }, ['csv.delimiter']],
    ['csv', { 'csv.delimiter': '§' }, ['csv.delimiter']],
    ['csv', { 'csv.delimiter': '"' }, ['csv.delimiter']],
    ['tsv', { 'csv.quote': '\t' }, ['csv.delimiter']],
    ['csv', { 'csv.header': false }, ['csv.columns']],
    ['csv', { 'csv.columns': ['a', 'a'] }, ['csv.columns']],
    ['csv', { 'csv.columns': ['a'], types: 'header' }, ['csv.columns']],
    ['csv', { 'csv.nullText': 'a,b' }, ['csv.nullText']],
    ['ndjson', { 'csv.formulas': 'unescape' }, ['csv.formulas']],
    ['csv', { 'csv.formulas': 'unescape', 'csv.quote': "'" }, ['csv.formulas']],
  ])('refuses for %s %j, and names %j', (format, options, paths) => {
    let thrown: unknown;
    try {
      read(format, options);
    } catch (error) {
      thrown = error;
    }

    expect(thrown).toMatchObject({
      code: 'VALIDATION_FAILED',
      errors: paths.map((path) => expect.objectContaining({ path, message: expect.any(String) })),
    });
  });
});

describe('chunkLimitsOf', () => {
  it('lets inserts alone have more rows a chunk', () => {
    const limits = (['insert', 'upsert', 'replace', 'merge', 'delete'] as const).map((mode) =>
      chunkLimitsOf(mode, 4_000),
    );

    expect(limits).toEqual([{ maxChunkRows: 4_000 }, {}, {}, {}, {}]);
  });
});
