import { setTimeout as delay } from 'node:timers/promises';
import type { BucketContract } from '@keyport/contracts';
import { completionMarker, onReconnect, openBucket } from '@keyport/messaging';
import type { KV } from '@nats-io/kv';
import { errors, type NatsConnection } from '@nats-io/transport-node';

/** Milliseconds between looks whether the bucket is there and marked complete. */
const lookEveryMs = 1_000;
/** Milliseconds until another try where one has failed. */
const againAfterMs = 2_000;
/** Entries up to which a bucket is compared before the first request is answered. */
const comparedAtOnce = 50_000;
/** Of large buckets so much of the time is spent on comparing them: one part in so many. */
const atMostOnePartIn = 50;

export interface Projection {
  readonly bucket: BucketContract;
  /** Makes the bucket hold what MongoDB says. */
  reconcile(): Promise<void>;
}

/**
 * Keeps one bucket equal to what MongoDB holds: now and then, when the bus is back, and at once where the bucket was
 * emptied or deleted, since nobody who starts then is ready without it.
 */
export class KeptProjection {
  private dueAt = 0;
  private kv: KV | undefined;

  constructor(
    private readonly projection: Projection,
    private readonly connection: NatsConnection,
    /** Milliseconds from one comparison to the next. */
    private readonly everyMs: number,
    private readonly onError: (error: unknown) => void,
  ) {}

  /**
   * Resolves once the bus holds all entries. A large bucket that is marked complete is compared later, when this process has
   * read it for itself and answers requests.
   */
  async begin(): Promise<void> {
    if (await this.isLargeAndWhole()) this.dueAt = Date.now() + this.everyMs;
    else await this.reconcile();
  }

  /** Resolves when the signal aborts. */
  async keep(signal: AbortSignal): Promise<void> {
    void onReconnect(this.connection, signal, () => (this.dueAt = 0));
    while (!signal.aborted) {
      await delay(lookEveryMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        if (this.dueAt <= Date.now() || !(await this.isWhole())) await this.reconcile();
      } catch (error) {
        // The next look repairs what this one could not.
        if (!signal.aborted) this.onError(error);
      }
    }
  }

  private async isLargeAndWhole(): Promise<boolean> {
    this.kv ??= await openBucket(this.connection, this.projection.bucket);
    return (await this.kv.status()).values > comparedAtOnce && (await this.isWhole());
  }

  private async reconcile(): Promise<void> {
    const begun = Date.now();
    this.dueAt = Number.POSITIVE_INFINITY;
    try {
      await this.projection.reconcile();
    } catch (error) {
      this.dueAt = Date.now() + againAfterMs;
      throw error;
    }
    // The bus may have been away in the meantime: then it is due again.
    const tookMs = Date.now() - begun;
    if (this.dueAt === Number.POSITIVE_INFINITY)
      this.dueAt = Date.now() + Math.max(this.everyMs, tookMs * atMostOnePartIn);
  }

  /** False also where the bucket is gone; true while the bus is away and nobody can say. */
  private async isWhole(): Promise<boolean> {
    try {
      this.kv ??= await openBucket(this.connection, this.projection.bucket);
      return (await this.kv.get(completionMarker))?.operation === 'PUT';
    } catch (error) {
      return !isGone(error);
    }
  }
}

/** Nobody answers for a stream that does not exist. */
const isGone = (error: unknown): boolean =>
  error instanceof errors.NoRespondersError || (error instanceof errors.RequestError && error.isNoResponders());
