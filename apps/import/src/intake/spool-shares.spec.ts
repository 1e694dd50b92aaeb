import { describe, expect, it } from '@jest/globals';
import { fullAt, keptLimit, mayGrow, portionOf, type SpooledUpload } from './spool-shares.ts';

const spool = 1_000;
const now = 1_000_000;
const upload = (importId: string, bytes: number, quietMs = 0): SpooledUpload => ({
  ...{ importId, bytes, touchedAt: now - quietMs },
});
const may = (one: SpooledUpload, others: SpooledUpload[]) => mayGrow(one, others, spool, now);

describe('an upload that is kept to its end', () => {
  it('may take what the share of all such uploads has left', () => {
    expect(may(upload('b', 175), [upload('a', 200)])).toBe(true);
    expect(may(upload('b', 176), [upload('a', 200)])).toBe(false);
  });

  it('may go beyond that where it is the oldest', () => {
    expect(may(upload('a', keptLimit(spool)), [upload('b', 375)])).toBe(true);
    expect(may(upload('a', keptLimit(spool)), [upload('b', 401)])).toBe(false);
  });

  it('is not held up by an older one that nothing came of', () => {
    expect(may(upload('b', 400), [upload('a', 100, 61_000)])).toBe(true);
    expect(may(upload('b', 400), [upload('a', 100, 59_000)])).toBe(false);
  });

  it('always finds room where it is the oldest, whatever the others were given', () => {
    const others: SpooledUpload[] = [];
    for (let index = 0; may(upload(`b${index}`, 25), others); index += 1) others.push(upload(`b${index}`, 25));

    expect(may(upload('a', keptLimit(spool)), others)).toBe(true);
  });
});

describe('a portion', () => {
  it('is small where the spool is', () => {
    expect([8 * 1024 ** 3, 256 * 1024 ** 2, 1024 ** 2].map(portionOf)).toEqual([
      32 * 1024 ** 2,
      4 * 1024 ** 2,
      524_288,
    ]);
  });

  it('leaves room for uploads on their way', () => {
    expect(fullAt(spool)).toBe(900);
  });
});
