import { describe, expect, it } from '@jest/globals';
import { quantilesOf } from './quantiles.ts';

describe('quantilesOf', () => {
  it('gives values that were measured, whatever their order', () => {
    const values = Array.from({ length: 200 }, (_, index) => ((index * 77) % 200) + 1);

    expect(quantilesOf(values)).toEqual({ count: 200, min: 1, p50: 100, p90: 180, p99: 198, max: 200 });
  });

  it('gives the one value of one', () => {
    expect(quantilesOf([7])).toEqual({ count: 1, min: 7, p50: 7, p90: 7, p99: 7, max: 7 });
  });

  it('has nothing to say of none', () => {
    expect(() => quantilesOf([])).toThrow('no values');
  });
});
