import { describe, expect, it } from '@jest/globals';
import { encodingOf, formatOf, importQuery, waitSecondsOf } from './import-request.ts';

describe('formatOf', () => {
  it.each([
    ['application/x-ndjson', 'ndjson'],
    ['application/json; charset=utf-8', 'json'],
    ['TEXT/CSV; charset="UTF-8"; header=present', 'csv'],
    ['text/tab-separated-values', 'tsv'],
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
  it('knows gzip and none', () => {
    expect([undefined, 'identity', 'gzip', 'X-GZIP'].map(encodingOf)).toEqual(['identity', 'identity', 'gzip', 'gzip']);
  });

  it('refuses others by name', () => {
    expect(() => encodingOf('compress')).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_CONTENT_ENCODING' }));
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
});
