import { performance } from 'node:perf_hooks';
import { TokenBucket, type Rate } from './token-bucket.ts';

/** Holders remembered at most; beyond it the one that came first is forgotten, and begins anew with a full bucket. */
const capacity = 100_000;
/** Milliseconds between looks for buckets that are full again. */
const sweepEveryMs = 5_000;

/** One bucket a holder. A bucket that is full again says nothing any more and goes, so memory follows the load. */
export class RateLimiter {
  private readonly buckets = new Map<string, TokenBucket>();
  private sweptAt = 0;

  constructor(private readonly clock: () => number = () => performance.now()) {}

  get size(): number {
    return this.buckets.size;
  }

  /** The holder's bucket, from which one request was taken where `allowed` says so. */
  take(holder: string, rate: Rate): { readonly allowed: boolean; readonly bucket: TokenBucket } {
    const now = this.clock();
    const bucket = this.buckets.get(holder) ?? this.open(holder, rate, now);
    return { allowed: bucket.take(now, rate), bucket };
  }

  /** The holder's bucket where it is empty. */
  emptyBucketOf(holder: string): TokenBucket | undefined {
    if (this.buckets.size === 0) return undefined;
    const bucket = this.buckets.get(holder);
    return bucket?.isEmpty(this.clock()) ? bucket : undefined;
  }

  private open(holder: string, rate: Rate, now: number): TokenBucket {
    if (now - this.sweptAt > sweepEveryMs) this.sweep(now);
    if (this.buckets.size >= capacity) this.forgetFirst();
    const bucket = new TokenBucket(rate, now);
    this.buckets.set(holder, bucket);
    return bucket;
  }

  private sweep(now: number): void {
    this.sweptAt = now;
    for (const [holder, bucket] of this.buckets) if (bucket.isFull(now)) this.buckets.delete(holder);
  }

  private forgetFirst(): void {
    const first = this.buckets.keys().next();
    if (!first.done) this.buckets.delete(first.value);
  }
}
