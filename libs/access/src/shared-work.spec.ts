import { describe, expect, it } from '@jest/globals';
import { SharedWork } from './shared-work.ts';

describe('SharedWork', () => {
  it('is done once for those who want it at the same time, and again afterwards', async () => {
    const shared = new SharedWork<number>();
    let done = 0;
    const work = async () => (done += 1);

    const together = await Promise.all([shared.share('a', work), shared.share('a', work), shared.share('b', work)]);

    expect(together).toEqual([1, 1, 2]);
    expect(await shared.share('a', work)).toBe(3);
  });

  it('fails for all who wait for it, and is tried again afterwards', async () => {
    const shared = new SharedWork<number>();
    const fails = () => Promise.reject(new Error('no'));

    const both = await Promise.allSettled([shared.share('a', fails), shared.share('a', async () => 1)]);

    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await shared.share('a', async () => 1)).toBe(1);
  });
});
