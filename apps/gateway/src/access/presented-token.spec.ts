import { describe, expect, it } from '@jest/globals';
import { presentedProofOf, presentedTokenOf } from './presented-token.ts';

const tokenIn = (...rawHeaders: string[]) => presentedTokenOf({ raw: { rawHeaders } });

describe('The token of a request', () => {
  it.each(['Bearer', 'bearer', 'BEARER'])('stands behind the scheme %s', (scheme) => {
    expect(tokenIn('Host', 'x', 'Authorization', `${scheme} a.b.c`)).toEqual({ scheme: 'Bearer', token: 'a.b.c' });
  });

  it.each(['DPoP', 'dpop', 'DPOP'])('is bound to a key behind the scheme %s', (scheme) => {
    expect(tokenIn('Host', 'x', 'Authorization', `${scheme}  a.b.c`)).toEqual({ scheme: 'DPoP', token: 'a.b.c' });
  });

  it.each([
    ['no header', []],
    ['another scheme', ['Authorization', 'Basic a.b.c']],
    ['no scheme', ['Authorization', 'a.b.c']],
    ['a scheme alone', ['Authorization', 'Bearer']],
    ['the scheme DPoP alone', ['Authorization', 'DPoP ']],
    ['a scheme that begins alike', ['Authorization', 'DPoPs a.b.c']],
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
    ['the other scheme too', ['Authorization', 'DPoP a.b.c', 'Authorization', 'Bearer a.b.c'], 'a.b.c, Bearer a.b.c'],
    ['a space that does not break', ['Authorization', 'Bearer a.b.c\u00a0'], 'a.b.c\u00a0'],
  ])('is spoilt by %s', (_what, headers, whole) => {
    expect(tokenIn(...headers)?.token).toBe(whole);
  });
});

describe('The proof of a request', () => {
  const proofIn = (...rawHeaders: string[]) => presentedProofOf({ raw: { rawHeaders } });

  it('stands in the one header of that name', () => {
    expect(proofIn('Host', 'x', 'DPoP', 'a.b.c')).toBe('a.b.c');
    expect(proofIn('Host', 'x')).toBeUndefined();
  });

  it.each([
    ['the same header again', ['DPoP', 'a.b.c', 'dpop', 'a.b.c'], 'a.b.c, a.b.c'],
    ['an empty header behind it', ['DPoP', 'a.b.c', 'DPoP', ''], 'a.b.c, '],
  ])('is spoilt by %s (RFC 9449 §4.3)', (_what, headers, whole) => {
    expect(proofIn(...headers)).toBe(whole);
  });
});
