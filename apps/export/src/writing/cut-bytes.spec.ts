import { describe, expect, it } from '@jest/globals';
import { cutBytes } from './cut-bytes.ts';

const lengths = (size: number) => cutBytes(new Uint8Array(size), 4).map(({ length }) => length);

describe('cutting bytes', () => {
  it('gives pieces of the largest size and a rest', () => {
    expect(lengths(10)).toEqual([4, 4, 2]);
    expect(lengths(8)).toEqual([4, 4]);
    expect(lengths(3)).toEqual([3]);
  });

  it('gives one empty piece of nothing', () => {
    expect(lengths(0)).toEqual([0]);
  });

  it('keeps every byte in its place', () => {
    const bytes = Uint8Array.from([1, 2, 3, 4, 5]);

    expect(Buffer.concat(cutBytes(bytes, 2))).toEqual(Buffer.from(bytes));
  });
});
