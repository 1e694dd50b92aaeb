import { describe, expect, it } from '@jest/globals';
import { VerifiedCache } from './verified-cache.ts';

const now = 1_000;
const filled = (capacity: number, tokens: readonly string[]) => {
  const cache = new VerifiedCache<{ exp: number; token: string }>(capacity);
  for (const token of tokens) cache.set(token, { exp: now + 10, token });
  return cache;
};

describe('VerifiedCache', () => {
  it('gives back what was put in for the same token alone', () => {
    const cache = filled(10, ['a', 'b']);

    expect(cache.get('a', now)?.token).toBe('a');
    expect(cache.get('a ', now)).toBeUndefined();
  });

  it('forgets a token in the second in which it expires', () => {
    const cache = filled(10, ['a']);

    expect(cache.get('a', now + 9)).toBeDefined();
    expect(cache.get('a', now + 10)).toBeUndefined();
    expect(cache.get('a', now)).toBeUndefined();
  });

  it('never holds more than its capacity, and lets the oldest go first', () => {
    const tokens = Array.from({ length: 1_000 }, (_, number) => `token-${number}`);

    const cache = filled(100, tokens);

    const remaining = tokens.filter((token) => cache.get(token, now));
    expect(remaining).toEqual(tokens.slice(-100));
  });

  it('lets nothing go when a token that it holds is put in again', () => {
    const cache = filled(2, ['a', 'b', 'b', 'b']);

    expect(cache.get('a', now)).toBeDefined();
  });

  it('holds no more text than it may, so that large tokens take no more room than small ones', () => {
    const cache = new VerifiedCache<{ exp: number }>(100, 1_000);
    for (let number = 0; number < 20; number += 1) cache.set(`${number}`.padEnd(100, '.'), { exp: now + 10 });

    const remaining = Array.from({ length: 20 }, (_, number) => number).filter((number) =>
      cache.get(`${number}`.padEnd(100, '.'), now),
    );

    expect(remaining).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  });
});
