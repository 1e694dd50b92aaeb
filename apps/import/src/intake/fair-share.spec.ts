import { describe, expect, it } from '@jest/globals';
import { FairShare } from './fair-share.ts';

const idle = () => new Promise((resolve) => setImmediate(resolve));

describe('FairShare', () => {
  it('gives a newcomer the next place but one, however much a large import has queued', async () => {
    const share = new FairShare(1);
    const release = await share.acquire('large');
    const order: string[] = [];
    const take = (owner: string) =>
      void share.acquire(owner).then((done) => {
        order.push(owner);
        done();
      });
    for (let waiting = 0; waiting < 5; waiting += 1) take('large');
    take('small');

    release();
    await idle();

    expect(order).toEqual(['large', 'small', 'large', 'large', 'large', 'large']);
  });

  it('lends no more places than it has', async () => {
    const share = new FairShare(2);
    let held = 0;
    let most = 0;
    const use = async (owner: string) => {
      const release = await share.acquire(owner);
      held += 1;
      most = Math.max(most, held);
      await idle();
      held -= 1;
      release();
    };

    await Promise.all(['a', 'b', 'a', 'c', 'b', 'a'].map(use));

    expect(most).toBe(2);
  });

  it('counts a place that is given back twice only once', async () => {
    const share = new FairShare(1);
    const release = await share.acquire('a');
    release();
    release();
    await share.acquire('b');
    let third = false;

    void share.acquire('c').then(() => (third = true));
    await idle();

    expect(third).toBe(false);
  });

  it('lets a waiting owner leave the queue', async () => {
    const share = new FairShare(1);
    const release = await share.acquire('a');
    const leaving = new AbortController();
    const left = share.acquire('b', leaving.signal);
    const stayed = share.acquire('c');

    leaving.abort(new Error('stopped'));
    release();

    await expect(left).rejects.toThrow('stopped');
    await expect(stayed).resolves.toBeInstanceOf(Function);
  });
});
