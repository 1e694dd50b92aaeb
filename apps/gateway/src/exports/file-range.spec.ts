import { describe, expect, it } from '@jest/globals';
import { rangeOf } from './file-range.ts';

const etag = '"abc"';
const rangeFor = (range: string, ifRange?: string) => rangeOf({ range, ifRange }, 100, etag);

describe('rangeOf', () => {
  it.each([
    ['bytes=0-9', { start: 0, end: 9 }],
    ['bytes=90-', { start: 90, end: 99 }],
    ['bytes=-10', { start: 90, end: 99 }],
    ['bytes=50-1000', { start: 50, end: 99 }],
    ['bytes=-1000', { start: 0, end: 99 }],
    ['bytes=99-99', { start: 99, end: 99 }],
    ['bytes=0-', { start: 0, end: 99 }],
    ['Bytes=0-0', { start: 0, end: 0 }],
  ])('reads %s', (header, expected) => {
    expect(rangeFor(header)).toMatchObject(expected);
  });

  it.each(['bytes=100-', 'bytes=200-300', 'bytes=-0', `bytes=${'9'.repeat(400)}-`])(
    'refuses %s of 100 bytes',
    (header) => {
      expect(() => rangeFor(header)).toThrow(expect.objectContaining({ code: 'RANGE_NOT_SATISFIABLE' }));
    },
  );

  it.each(['bytes=0-1,5-6', 'bytes=0-9,100-', 'rows=0-9', 'nonsense', 'bytes=9-0', 'bytes=a-b', 'bytes='])(
    'sends the whole file for %s',
    (header) => {
      expect(rangeFor(header)).toBeUndefined();
    },
  );

  it('of an empty file is never satisfied, but for its last bytes', () => {
    const emptyFor = (range: string) => rangeOf({ range, ifRange: undefined }, 0, etag);

    expect(() => emptyFor('bytes=0-')).toThrow(expect.objectContaining({ code: 'RANGE_NOT_SATISFIABLE' }));
    expect(emptyFor('bytes=-5')).toBeUndefined();
  });

  it('sends the whole file when If-Range names another version, or a date', () => {
    expect(rangeFor('bytes=0-9', '"other"')).toBeUndefined();
    expect(rangeFor('bytes=0-9', 'W/"abc"')).toBeUndefined();
    expect(rangeFor('bytes=0-9', 'Tue, 24 Nov 2026 10:00:00 GMT')).toBeUndefined();
    expect(rangeFor('bytes=100-', '"other"')).toBeUndefined();
    expect(rangeFor('bytes=0-9', etag)).toMatchObject({ start: 0, end: 9 });
  });
});
