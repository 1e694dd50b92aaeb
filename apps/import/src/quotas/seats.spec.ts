import { describe, expect, it } from '@jest/globals';
import { freeSeat } from './seats.ts';

describe('a free seat', () => {
  it('is any that nobody has', () => {
    const found = [0, 0.5, 0.999].map((random) => freeSeat([2, 4], 5, () => random));

    expect(found).toEqual([1, 3, 5]);
  });

  it('is none where as many are taken as there may be', () => {
    expect(freeSeat([1, 2, 3], 3)).toBeUndefined();
    expect(freeSeat([], 0)).toBeUndefined();
  });

  it('is none after the limit was lowered below what is taken, whatever numbers those have', () => {
    expect(freeSeat([7, 8, 9], 3)).toBeUndefined();
    expect(freeSeat([7, 8], 3, () => 0)).toBe(1);
  });

  it('counts imports that have no number', () => {
    expect(freeSeat([null, null, 1], 3)).toBeUndefined();
    expect(freeSeat([null, 1], 3, () => 0)).toBe(2);
  });
});
