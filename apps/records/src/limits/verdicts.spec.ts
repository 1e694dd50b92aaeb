import { describe, expect, it } from '@jest/globals';
import { Verdicts } from './verdicts.ts';

const even = (document: Buffer) => document.readUInt8(0) % 2 === 0;

function verdictsOfEven() {
  const asked: number[][] = [];
  const verdicts = new Verdicts(async (documents) => {
    asked.push(documents.map((document) => document.readUInt8(0)));
    return documents.map((document) => new Set(even(document) ? [0] : []));
  });
  return { asked, verdicts };
}

describe('Verdicts', () => {
  it('takes what was not asked yet for a match, asks for all of it together, and for nothing twice', async () => {
    const { asked, verdicts } = verdictsOfEven();
    const matches = () => [2, 3, 2].map((value) => verdicts.matches(Buffer.of(value), 0));

    expect(matches()).toEqual([true, true, true]);
    expect(await verdicts.settle()).toBe(true);
    expect(matches()).toEqual([true, false, true]);
    expect(await verdicts.settle()).toBe(false);
    expect(asked).toEqual([[2, 3]]);
  });

  it('asks nobody where there is no query', async () => {
    const { asked, verdicts } = verdictsOfEven();

    expect(verdicts.matches(Buffer.of(1), undefined)).toBe(true);
    expect(await verdicts.settle()).toBe(false);
    expect(asked).toEqual([]);
  });

  it('asks for the first alone where the rounds become many, and comes to an end', async () => {
    const { asked, verdicts } = verdictsOfEven();
    // Each row's document depends on how many rows before it were admitted.
    const decide = (isAdmitted: (document: Buffer) => boolean) => {
      let admitted = 0;
      for (let row = 0; row < 60; row += 1)
        if (isAdmitted(Buffer.of(admitted + (row >> 1), admitted, row))) admitted += 1;
      return admitted;
    };
    const asAsked = () => decide((document) => verdicts.matches(document, 0));

    let admitted = asAsked();
    while (await verdicts.settle()) admitted = asAsked();

    expect(admitted).toBe(decide(even));
    expect(asked.length).toBeGreaterThan(9);
    expect(asked.slice(8).every((documents) => documents.length === 1)).toBe(true);
  });
});
