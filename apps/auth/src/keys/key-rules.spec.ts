import { describe, expect, it } from '@jest/globals';
import { ancestorsThrough, defaultKeySeconds, keyLifetime, requireHeld } from './key-rules.ts';

const day = 24 * 3600;
const noMaker = Number.POSITIVE_INFINITY;

/** The error that it throws. */
function refusalOf(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

describe('keyLifetime', () => {
  it.each([
    ['90 days where nothing is asked for', undefined, 366 * day, noMaker, defaultKeySeconds],
    ['the limit where that is less than 90 days', undefined, day, noMaker, day],
    ['what was asked for, up to the limit', 366 * day, 366 * day, noMaker, 366 * day],
    ['no more than the key has left that it is minted through', 30 * day, 366 * day, 3600, 3600],
    ['no more than that also where nothing is asked for', undefined, 366 * day, 3600, 3600],
  ])('is %s', (_name, asked, maximum, left, expected) => {
    expect(keyLifetime(asked, maximum, left)).toBe(expected);
  });

  it('refuses more than the limit, even where the maker has less left', () => {
    expect(refusalOf(() => keyLifetime(day + 1, day, 60))).toMatchObject({
      code: 'KEY_LIFETIME_TOO_LONG',
      params: { maximumSeconds: day },
    });
  });
});

describe('ancestorsThrough', () => {
  it('names nobody for a key minted in a session', () => {
    expect(ancestorsThrough({ keyId: undefined, tokenId: 'session', ancestors: [] })).toEqual([]);
  });

  it('puts the token of the minting key before its own ancestors', () => {
    expect(ancestorsThrough({ keyId: 'k', tokenId: 't', ancestors: ['a', 'b', 'c'] })).toEqual(['t', 'a', 'b', 'c']);
  });

  it('refuses a fifth', () => {
    expect(
      refusalOf(() => ancestorsThrough({ keyId: 'k', tokenId: 't', ancestors: ['a', 'b', 'c', 'd'] })),
    ).toMatchObject({ code: 'KEY_CHAIN_TOO_LONG' });
  });
});

describe('requireHeld', () => {
  it('names the first scope that is not held', () => {
    expect(refusalOf(() => requireHeld(['keys:read', 'records:read:a', '*'], ['keys:*']))).toMatchObject({
      code: 'SCOPE_NOT_HELD',
      params: { scope: 'records:read:a' },
    });
  });
});
