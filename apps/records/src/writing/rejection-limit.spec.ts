import { describe, expect, it } from '@jest/globals';
import { stopOf } from './rejection-limit.ts';

const rejected = (...indexes: number[]) => indexes.map((index) => ({ index }));

describe('stopOf', () => {
  it('knows no stop while no more rows are rejected than may be', () => {
    expect(stopOf({ max: 2, refusedBefore: [1] }, rejected(3))).toBeUndefined();
  });

  it('stops behind the document that is one too many', () => {
    expect(stopOf({ max: 0, refusedBefore: [] }, rejected(5, 3, 9))).toBe(4);
    expect(stopOf({ max: 1, refusedBefore: [] }, rejected(5, 3, 9))).toBe(6);
  });

  it('counts rows that the asker refused where they stand in the file', () => {
    // Rows: 0, refused, 1, refused, 2 with the documents 0 and 2 rejected.
    const refusedBefore = [1, 2];

    const stops = [0, 1, 2, 3, 4].map((max) => stopOf({ max, refusedBefore }, rejected(0, 2)));

    expect(stops).toEqual([1, 1, 2, 3, undefined]);
  });
});
