import { describe, expect, it } from '@jest/globals';
import { RateLimiter } from './rate-limiter.ts';
import { Rate } from './token-bucket.ts';

describe('The rate limiter', () => {
  const setUp = () => {
    const time = { now: 0 };
    return { time, limiter: new RateLimiter(() => time.now), rate: new Rate(1, 2) };
  };

  it('counts each holder alone', () => {
    const { limiter, rate } = setUp();

    const allowed = ['a', 'a', 'a', 'b'].map((holder) => limiter.take(holder, rate).allowed);

    expect(allowed).toEqual([true, true, false, true]);
  });

  it('forgets buckets that are full again, and only those', () => {
    const { time, limiter, rate } = setUp();
    for (let index = 0; index < 1000; index += 1) limiter.take(`once-${index}`, rate);
    time.now = 5_500;
    for (let index = 0; index < 2; index += 1) limiter.take('busy', rate);
    expect(limiter.size).toBe(1);

    time.now = 10_600;
    limiter.take('busy', rate);
    limiter.take('new', rate);

    expect(limiter.size).toBe(2);
    expect(limiter.take('busy', rate).bucket.remaining).toBe(0);
  });

  it('remembers no more than a hundred thousand holders', () => {
    const { limiter } = setUp();
    const slow = new Rate(1, 1_000_000);

    for (let index = 0; index < 150_000; index += 1) limiter.take(`holder-${index}`, slow);

    expect(limiter.size).toBe(100_000);
  });

  it('shows a bucket as empty until there is a request in it again', () => {
    const { time, limiter, rate } = setUp();
    expect(limiter.emptyBucketOf('a')).toBeUndefined();
    limiter.take('a', rate);
    expect(limiter.emptyBucketOf('a')).toBeUndefined();
    limiter.take('a', rate);
    expect(limiter.emptyBucketOf('a')).toBeDefined();

    time.now = 1000;

    expect(limiter.emptyBucketOf('a')).toBeUndefined();
  });
});
