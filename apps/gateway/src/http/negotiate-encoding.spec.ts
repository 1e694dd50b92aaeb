import { describe, expect, it } from '@jest/globals';
import { KeyportError } from '@keyport/contracts';
import { negotiateEncoding } from './negotiate-encoding.ts';

describe('Accept-Encoding', () => {
  it.each([
    [undefined, 'none'],
    ['', 'none'],
    ['identity', 'none'],
    ['gzip', 'gzip'],
    ['x-gzip', 'gzip'],
    ['GZip;Q=0.8', 'gzip'],
    ['zstd', 'zstd'],
    ['gzip, deflate, br, zstd', 'zstd'],
    ['gzip, deflate', 'gzip'],
    ['br, deflate', 'none'],
    ['gzip;q=1.0, zstd;q=0.5', 'gzip'],
    ['gzip;q=0.5, identity', 'none'],
    ['gzip;q=0', 'none'],
    ['identity;q=0, gzip;q=0.001', 'gzip'],
    ['*;q=0, gzip', 'gzip'],
    ['identity;q=0, *', 'zstd'],
    ['zstd;q=0, *', 'gzip'],
  ])('%s asks for %s', (accept, expected) => {
    expect(negotiateEncoding(accept)).toBe(expected);
  });

  it.each(['identity;q=0', '*;q=0', 'br, identity;q=0', 'identity;q=0, gzip;q=0, zstd;q=0'])(
    '%s takes nothing that there is',
    (accept) => {
      expect(() => negotiateEncoding(accept)).toThrow(KeyportError);
    },
  );
});
