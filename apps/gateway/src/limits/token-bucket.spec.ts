import { describe, expect, it } from '@jest/globals';
import { Rate, TokenBucket } from './token-bucket.ts';

const takes = (bucket: TokenBucket, times: number, now: number, rate: Rate) =>
  Array.from({ length: times }, () => bucket.take(now, rate)).filter(Boolean).length;

describe('A token bucket', () => {
  it('gives its burst at once and nothing more at the same moment', () => {
    const rate = new Rate(10, 3);
    const bucket = new TokenBucket(rate, 0);

    expect(takes(bucket, 10, 0, rate)).toBe(3);
    expect(bucket.remaining).toBe(0);
  });

  it('is refilled by its rate, and never beyond its burst', () => {
    const rate = new Rate(10, 3);
    const bucket = new TokenBucket(rate, 0);
    takes(bucket, 3, 0, rate);

    expect(takes(bucket, 10, 99, rate)).toBe(0);
    expect(takes(bucket, 10, 100, rate)).toBe(1);
    expect(takes(bucket, 10, 60_000, rate)).toBe(3);
  });

  it('gives over a long time what its rate says, however often it is asked in vain', () => {
    const rate = new Rate(50, 10);
    const bucket = new TokenBucket(rate, 0);
    let given = 0;

    for (let now = 0; now <= 10_000; now += 1) given += takes(bucket, 3, now, rate);

    expect(given).toBe(10 + 50 * 10);
  });

  it.each([
    { perSecond: 1, burst: 1, askedAfter: [0, 10, 20], next: 1 },
    { perSecond: 10, burst: 1, askedAfter: [0, 10, 20], next: 1 },
    { perSecond: 1, burst: 3, askedAfter: [0, 0, 0, 0], next: 1 },
    { perSecond: 1, burst: 1, askedAfter: [0, 400, 900, 999], next: 1 },
  ])('says $next s to wait of $perSecond/s, burst $burst', ({ perSecond, burst, askedAfter, next }) => {
    const rate = new Rate(perSecond, burst);
    const bucket = new TokenBucket(rate, 0);

    for (const now of askedAfter) bucket.take(now, rate);

    expect(bucket.nextInSeconds).toBe(next);
  });

  it('lets a refused request not push the wait further', () => {
    const rate = new Rate(1, 1);
    const bucket = new TokenBucket(rate, 0);
    bucket.take(0, rate);

    for (let now = 0; now < 1000; now += 1) expect(bucket.take(now, rate)).toBe(false);

    expect(bucket.take(1000, rate)).toBe(true);
  });

  it('tells when it is full again', () => {
    const rate = new Rate(2, 10);
    const bucket = new TokenBucket(rate, 0);
    takes(bucket, 10, 0, rate);

    expect(bucket.fullInSeconds).toBe(5);
    expect(bucket.isFull(4_999)).toBe(false);
    expect(bucket.isFull(5_000)).toBe(true);
  });

  it('holds at once no more than a lowered limit, and the new room of a raised one', () => {
    const [small, large] = [new Rate(1, 2), new Rate(100, 50)];
    const bucket = new TokenBucket(large, 0);

    expect(takes(bucket, 10, 0, small)).toBe(2);
    expect(takes(bucket, 100, 0, large)).toBe(48);
  });

  it('goes on counting under limits that were set again to what they are', () => {
    const bucket = new TokenBucket(new Rate(1, 5), 0);
    takes(bucket, 4, 0, new Rate(1, 5));

    expect(takes(bucket, 5, 0, new Rate(1, 5))).toBe(1);
  });
});

describe('A rate', () => {
  it.each([
    { perSecond: 50_000, burst: 100_000, policy: '100000;w=2' },
    { perSecond: 10, burst: 10, policy: '10;w=1' },
    { perSecond: 100, burst: 10, policy: '10;w=1' },
    { perSecond: 3, burst: 10, policy: '10;w=4' },
  ])('of $perSecond/s with a burst of $burst has the policy $policy', ({ perSecond, burst, policy }) => {
    expect(new Rate(perSecond, burst)).toMatchObject({ limit: String(burst), policy });
  });
});
