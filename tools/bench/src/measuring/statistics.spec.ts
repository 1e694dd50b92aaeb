import { describe, expect, it } from '@jest/globals';
import { speedRatios, spreadOf } from './statistics.ts';

describe('spreadOf', () => {
  it('takes the middle of an odd number of values, whatever their order', () => {
    expect(spreadOf([10, 9, 100])).toEqual({ median: 10, min: 9, max: 100 });
  });

  it('takes the mean of the two middle ones of an even number', () => {
    expect(spreadOf([4, 1, 2, 100])).toEqual({ median: 3, min: 1, max: 100 });
  });

  it('refuses to make a figure of nothing', () => {
    expect(() => spreadOf([])).toThrow('no values');
  });
});

describe('speedRatios', () => {
  it('is above 1 where ours took less time, round by round', () => {
    expect(speedRatios([5, 20], [10, 10])).toEqual([2, 0.5]);
  });

  it('refuses rounds that have no partner', () => {
    expect(() => speedRatios([5], [])).toThrow('1 runs cannot be paired with 0');
  });
});
