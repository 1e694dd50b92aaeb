import { describe, expect, it } from '@jest/globals';
import { encodingOf, formatOf, importQuery, waitSecondsOf } from './import-request.ts';

describe('formatOf', () => {
  it.each([
    ['application/x-ndjson', 'ndjson'],
    ['application/json; charset=utf-8', 'json'],
    ['TEXT/CSV; charset="UTF-8"; header=present', 'csv'],
    ['text/tab-separated-values', 'tsv'],
    ['text/csv; charset=utf-16', 'csv'],
  ])('reads %s', (contentType, format) => {
    expect(formatOf(contentType)).toBe(format);
  });

  it.each([undefined, '', 'application/xml', 'text/csv; charset=latin1', 'constructor'])(
    'refuses %s',
    (contentType) => {
      expect(() => formatOf(contentType)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_MEDIA_TYPE' }));
    },
  );
});

describe('encodingOf', () => {
  it.each([
    [undefined, 'identity'],
    ['identity', 'identity'],
    ['gzip', 'gzip'],
    ['X-GZIP', 'gzip'],
    ['deflate', 'deflate'],
    [' br ', 'br'],
    ['Zstd', 'zstd'],
  ])('reads %s as %s', (header, encoding) => {
    expect(encodingOf(header)).toBe(encoding);
  });

  it.each(['compress', 'gzip, br', 'toString'])('refuses %s, and says what is taken', (encoding) => {
    expect(() => encodingOf(encoding)).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_CONTENT_ENCODING',
        params: { encoding: encoding.toLowerCase(), supported: 'identity, gzip, deflate, br, zstd' },
      }),
    );
  });
});

describe('waitSecondsOf', () => {
  it.each([
    [undefined, undefined],
    ['respond-async', undefined],
    ['wait=10', 10],
    ['respond-async, wait=5', 5],
    ['wait=99999', 300],
    ['await=10', undefined],
  ])('reads %s as %s', (prefer, seconds) => {
    expect(waitSecondsOf(prefer)).toBe(seconds);
  });
});

describe('importQuery', () => {
  it('splits key fields and fills defaults', () => {
    expect(importQuery.parse({ key: 'a,b.c' })).toEqual({ mode: 'insert', key: ['a', 'b.c'], onError: 'continue' });
  });

  it('refuses an unknown mode and an operator as key', () => {
    expect(importQuery.safeParse({ mode: 'drop' }).success).toBe(false);
    expect(importQuery.safeParse({ key: '$where' }).success).toBe(false);
  });

  it('reads how the rows are to be read', () => {
    const query = { 'csv.delimiter': ';', 'csv.quote': '', 'csv.header': 'false', 'csv.columns': 'a, b.c' };

    expect(importQuery.parse({ ...query, types: 'lossless', 'csv.nullText': 'NULL', 'csv.empty': 'absent' })).toEqual({
      mode: 'insert',
      onError: 'continue',
      types: 'lossless',
      'csv.delimiter': ';',
      'csv.quote': '',
      'csv.header': false,
      'csv.columns': ['a', 'b.c'],
      'csv.nullText': 'NULL',
      'csv.empty': 'absent',
    });
    expect(importQuery.parse({ ejson: 'off', 'csv.header': 'true' })).toMatchObject({
      ejson: 'off',
      'csv.header': true,
    });
  });

  it.each([
    ['types', 'auto'],
    ['ejson', 'strict'],
    ['csv.delimiter', '::'],
    ['csv.delimiter', ''],
    ['csv.quote', '""'],
    ['csv.header', 'yes'],
    ['csv.columns', ''],
    ['csv.columns', 'a,,b'],
    ['csv.nullText', ''],
    ['csv.empty', 'none'],
  ])('refuses %s=%s, and names it', (name, value) => {
    expect(importQuery.safeParse({ [name]: value }).error?.issues[0]?.path[0]).toBe(name);
  });

  it('refuses an option that it does not know', () => {
    expect(importQuery.safeParse({ 'csv.escape': '/' }).success).toBe(false);
  });
});
