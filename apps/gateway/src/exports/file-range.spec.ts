import { describe, expect, it } from '@jest/globals';
import { matchesEtag, rangeOf } from './file-range.ts';

const etag = '"abc"';
const rangeFor = (range: string, ifRange?: string) => rangeOf({ range, ifRange }, 100, etag);

describe('rangeOf', () => {
  it.each([
    ['bytes=0-9', { start: 0, end: 9 }],
    ['bytes=90-', { start: 90, end: 99 }],
    ['bytes=-10', { start: 90, end: 99 }],
    ['bytes=50-1000', { start: 50, end: 99 }],
  ])('reads %s', (header, expected) => {
    expect(rangeFor(header)).toMatchObject(expected);
  });

  it.each(['bytes=100-', 'bytes=200-300'])('refuses %s of 100 bytes', (header) => {
    expect(() => rangeFor(header)).toThrow(expect.objectContaining({ code: 'RANGE_NOT_SATISFIABLE' }));
  });

  it.each(['bytes=0-1,5-6', 'rows=0-9', 'nonsense'])('sends the whole file for %s', (header) => {
    expect(rangeFor(header)).toBeUndefined();
  });

  it('sends the whole file when If-Range names another version', () => {
    expect(rangeFor('bytes=0-9', '"other"')).toBeUndefined();
    expect(rangeFor('bytes=0-9', 'W/"abc"')).toBeUndefined();
    expect(rangeFor('bytes=0-9', etag)).toMatchObject({ start: 0, end: 9 });
  });
});

describe('matchesEtag', () => {
  it('knows the tag in a list, weak or strong', () => {
    expect(matchesEtag('"x", "abc"', etag)).toBe(true);
    expect(matchesEtag('W/"abc"', etag)).toBe(true);
    expect(matchesEtag('*', etag)).toBe(true);
    expect(matchesEtag('"x"', etag)).toBe(false);
    expect(matchesEtag(undefined, etag)).toBe(false);
  });
});
