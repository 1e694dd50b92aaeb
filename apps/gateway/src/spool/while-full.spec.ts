import { describe, expect, it } from '@jest/globals';
import { KeyportError } from '@keyport/contracts';
import { whileFull } from './while-full.ts';

const full = () => new KeyportError('SPOOL_FULL');

describe('A task while the spool is full', () => {
  it('is done again until there is room', async () => {
    let tries = 0;

    const result = await whileFull(60_000, async () => {
      tries += 1;
      if (tries < 3) throw full();
      return 'done';
    });

    expect([result, tries]).toEqual(['done', 3]);
  });

  it('is given up once its time is over, or where it fails of something else', async () => {
    const other = new KeyportError('QUOTA_EXCEEDED');

    await expect(whileFull(0, () => Promise.reject(full()))).rejects.toMatchObject({ code: 'SPOOL_FULL' });
    await expect(whileFull(60_000, () => Promise.reject(other))).rejects.toBe(other);
  });
});
