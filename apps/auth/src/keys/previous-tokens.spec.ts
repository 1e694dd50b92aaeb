import { describe, expect, it } from '@jest/globals';
import type { PreviousToken } from './key.model.ts';
import { previousTokensAfter } from './previous-tokens.ts';

const now = new Date('2030-01-01T00:00:00Z');
const after = (seconds: number) => new Date(now.getTime() + seconds * 1000);
const year = after(31_536_000);

const previous = (tokenId: string, endsAt: Date, isTold = true): PreviousToken => ({
  tokenId,
  endsAt,
  expiresAt: year,
  signedBy: 's',
  isTold,
});

describe('the tokens before a new one', () => {
  it('end with the grace', () => {
    const key = { tokenId: 't1', signedBy: 's', expiresAt: year, previousTokens: [] };

    expect(previousTokensAfter(key, after(60), now)).toEqual([previous('t1', after(60), false)]);
  });

  it('do so by themselves where they expire sooner', () => {
    const key = { tokenId: 't1', signedBy: 's', expiresAt: after(60), previousTokens: [] };

    expect(previousTokensAfter(key, after(60), now)).toEqual([]);
  });

  it('keep a grace that is shorter, and lose what is longer', () => {
    const previousTokens = [previous('t1', after(10)), previous('t2', after(3600))];
    const key = { tokenId: 't3', signedBy: 's', expiresAt: year, previousTokens };

    expect(previousTokensAfter(key, after(60), now)).toEqual([
      previous('t1', after(10)),
      previous('t2', after(60), false),
      previous('t3', after(60), false),
    ]);
  });

  it('are forgotten once they have ended and the bus knows it', () => {
    const previousTokens = [previous('t1', after(-1)), previous('t2', after(-1), false)];
    const key = { tokenId: 't3', signedBy: 's', expiresAt: year, previousTokens };

    expect(previousTokensAfter(key, after(60), now).map(({ tokenId }) => tokenId)).toEqual(['t2', 't3']);
  });

  it('are ten at most: of more the oldest end now', () => {
    const previousTokens = Array.from({ length: 10 }, (_, index) => previous(`t${index}`, after(60)));
    const key = { tokenId: 't10', signedBy: 's', expiresAt: year, previousTokens };

    const tokens = previousTokensAfter(key, after(60), now);

    expect(tokens).toHaveLength(11);
    expect(tokens[0]).toEqual(previous('t0', now, false));
    expect(tokens.slice(1).every(({ endsAt }) => endsAt > now)).toBe(true);
  });
});
