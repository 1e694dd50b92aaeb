import { describe, expect, it } from '@jest/globals';
import { connectionEnd } from './connection-end.ts';

describe('connectionEnd', () => {
  it('is the end of the token, which nobody renews, where that comes first', () => {
    expect(connectionEnd(1_500, 600, 1_000)).toEqual({ exp: 1_500, renewAt: undefined });
    expect(connectionEnd(1_600, 600, 1_000)).toEqual({ exp: 1_600, renewAt: undefined });
  });

  it.each([
    [86_400, 87_400, 87_340],
    [600, 1_600, 1_540],
    [10, 1_010, 1_009],
  ])('comes after %i s at most, with the renewal a minute or a tenth of it before', (longest, exp, renewAt) => {
    expect(connectionEnd(1_000_000, longest, 1_000)).toEqual({ exp, renewAt });
  });
});
