import { describe, expect, it } from '@jest/globals';
import { bearerTokenOf } from './bearer-token.ts';

const tokenIn = (...rawHeaders: string[]) => bearerTokenOf({ raw: { rawHeaders } });

describe('The bearer token of a request', () => {
  it.each(['Bearer', 'bearer', 'BEARER'])('stands behind the scheme %s', (scheme) => {
    expect(tokenIn('Host', 'x', 'Authorization', `${scheme} a.b.c`)).toBe('a.b.c');
  });

  it.each([
    ['no header', []],
    ['another scheme', ['Authorization', 'Basic a.b.c']],
    ['no scheme', ['Authorization', 'a.b.c']],
    ['a scheme alone', ['Authorization', 'Bearer']],
    ['a header of another name', ['X-Authorization', 'Bearer a.b.c']],
    ['another scheme in front', ['Authorization', 'Basic x, Bearer a.b.c']],
  ])('is not there with %s', (_what, headers) => {
    expect(tokenIn(...headers)).toBeNull();
  });

  it.each([
    ['a word behind it', ['Authorization', 'Bearer a.b.c d'], 'a.b.c d'],
    ['another token behind it', ['authorization', 'Bearer a.b.c, Bearer d.e.f'], 'a.b.c, Bearer d.e.f'],
    ['another header', ['Authorization', 'Bearer a.b.c', 'AUTHORIZATION', 'Basic x'], 'a.b.c, Basic x'],
    [
      'the same header again',
      ['Authorization', 'Bearer a.b.c', 'Authorization', 'Bearer a.b.c'],
      'a.b.c, Bearer a.b.c',
    ],
    ['a space that does not break', ['Authorization', 'Bearer a.b.c\u00a0'], 'a.b.c\u00a0'],
  ])('is spoilt by %s', (_what, headers, whole) => {
    expect(tokenIn(...headers)).toBe(whole);
  });
});
