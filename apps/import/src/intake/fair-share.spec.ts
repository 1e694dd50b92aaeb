import { describe, expect, it } from '@jest/globals';
import { FairShare } from './fair-share.ts';

/** The one job of a holder. */
const of = (holder: string) => ({ holder, job: 'only' });
const idle = () => new Promise((resolve) => setImmediate(resolve));

describe('FairShare', () => {
  it('gives a newcomer the next place but one, however much a large import has queued', async () => {
    const share = new FairShare(1);
    const release = await share.acquire(of('large'));
    const order: string[] = [];
    const take = (owner: string) =>
      void share.acquire(of(owner)).then((done) => {
        order.push(owner);
        done();
      });
    for (let waiting = 0; waiting < 5; waiting += 1) take('large');
    take('small');

    release();
    await idle();

    expect(order).toEqual(['large', 'small', 'large', 'large', 'large', 'large']);
  });

  it('gives a holder with one job as many places as another with many', async () => {
    const share = new FairShare(1);
    const release = await share.acquire({ holder: 'many', job: '0' });
    const order: string[] = [];
    const take = (holder: string, job: string) =>
      void share.acquire({ holder, job }).then((done) => {
        order.push(holder + job);
        done();
      });
    for (const job of ['1', '2', '3', '4']) take('many', job);
    for (const job of ['1', '1']) take('few', job);
    take('many', '1');

    release();
    await idle();

    expect(order).toEqual(['many1', 'few1', 'many2', 'few1', 'many3', 'many4', 'many1']);
  });

  it('lends no more places than it has', async () => {
    const share = new FairShare(2);
    let held = 0;
    let most = 0;
    const use = async (owner: string) => {
      const release = await share.acquire(of(owner));
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
    const release = await share.acquire(of('a'));
    release();
    release();
    await share.acquire(of('b'));
    let third = false;

    void share.acquire(of('c')).then(() => (third = true));
    await idle();

    expect(third).toBe(false);
  });

  it('lets a waiting owner leave the queue', async () => {
    const share = new FairShare(1);
    const release = await share.acquire(of('a'));
    const leaving = new AbortController();
    const left = share.acquire(of('b'), leaving.signal);
    const stayed = share.acquire(of('c'));

    leaving.abort(new Error('stopped'));
    release();

    await expect(left).rejects.toThrow('stopped');
    await expect(stayed).resolves.toBeInstanceOf(Function);
  });
});
