import { setTimeout as delay } from 'node:timers/promises';
import type { BucketContract } from '@keyport/contracts';
import type { KV, KvWatchEntry } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import type { z } from 'zod';
import { openBucket } from './jetstream.ts';
import { onReconnect } from './on-reconnect.ts';

/** A key that the owner of a bucket writes once all entries are in it. */
export const completionMarker = '_complete';

export interface KvViewOptions<Entry extends z.ZodType> {
  readonly bucket: BucketContract;
  readonly schema: Entry;
  /** Wait for the owner's completion marker before the view counts as ready. */
  readonly needsMarker: boolean;
  readonly onChange?: (key: string, entry: z.output<Entry> | undefined) => void;
  readonly onInvalid?: (key: string, error: unknown) => void;
  /** Milliseconds between looks at the bucket itself: was it made anew, which entries have outlived its `ttlMs`. */
  readonly inspectEveryMs?: number;
}

/** One reading of a whole bucket: what it has not shown by its end is no longer there. */
interface Reading {
  readonly seen: Set<string>;
  caughtUp: boolean;
  marked: boolean;
}

interface Held<Value> {
  readonly value: Value;
  /** Milliseconds since the epoch; JetStream drops an outlived entry without telling those who watch. */
  readonly outlivedAt: number;
}

/**
 * A JetStream KV bucket held in memory and followed as it changes. Whenever the bus comes back, the bucket is read
 * afresh while the old entries go on answering: the client by itself would take up a watch that died with the server
 * only after missed heartbeats, up to a minute later.
 */
export class KvView<Entry extends z.ZodType> {
  private readonly entries = new Map<string, Held<z.output<Entry>>>();
  private readonly stopping = new AbortController();
  private reading: Reading | undefined;
  private ready = false;

  constructor(
    private readonly connection: NatsConnection,
    private readonly options: KvViewOptions<Entry>,
  ) {}

  /** Starts following in the background. */
  start(): void {
    void this.follow();
  }

  stop(): void {
    this.stopping.abort();
  }

  /** True from the first complete reading on, also while the bus is away: what is known then still holds. */
  get isReady(): boolean {
    return this.ready;
  }

  get size(): number {
    return this.entries.size;
  }

  get(key: string): z.output<Entry> | undefined {
    return this.entries.get(key)?.value;
  }

  *values(): IterableIterator<z.output<Entry>> {
    for (const { value } of this.entries.values()) yield value;
  }

  private async follow(): Promise<void> {
    while (!this.stopping.signal.aborted && !this.connection.isClosed()) {
      try {
        await this.readAndWatch();
      } catch {
        // The bus is away or the bucket is gone: both heal by reading again.
      }
      await delay(50);
    }
  }

  /** Resolves when the watch must be begun anew. */
  private async readAndWatch(): Promise<void> {
    const kv = await openBucket(this.connection, this.options.bucket, this.stopping.signal);
    const ending = new AbortController();
    const signal = AbortSignal.any([ending.signal, this.stopping.signal]);
    void onReconnect(this.connection, signal, () => ending.abort());
    this.reading = { seen: new Set(), caughtUp: false, marked: false };
    const watch = await kv.watch();
    signal.addEventListener('abort', () => watch.stop(), { once: true });
    if (signal.aborted) watch.stop();
    const end = () => ending.abort();
    void this.inspectRepeatedly(kv, signal).then(end, end);
    try {
      for await (const entry of watch) this.apply(entry);
    } finally {
      ending.abort();
    }
  }

  /** Ends, also by an error, where the watched bucket is not there any more. */
  private async inspectRepeatedly(kv: KV, signal: AbortSignal): Promise<void> {
    const { values, streamInfo } = await kv.status();
    // Asked after the watch began: an empty bucket has nothing to deliver, any other ends its delivery with delta 0.
    if (values === 0) this.caughtUp();
    for (;;) {
      await delay(this.options.inspectEveryMs ?? 10_000, undefined, { signal, ref: false });
      this.dropOutlived();
      const now = await kv.status();
      if (now.streamInfo.created !== streamInfo.created) return;
    }
  }

  private apply(entry: KvWatchEntry): void {
    this.reading?.seen.add(entry.key);
    if (entry.key === completionMarker) this.mark(entry.operation === 'PUT');
    else if (entry.operation === 'PUT') this.put(entry);
    else this.remove(entry.key);
    if (entry.delta === 0) this.caughtUp();
  }

  private put(entry: KvWatchEntry): void {
    const { ttlMs } = this.options.bucket;
    try {
      const value = this.options.schema.parse(entry.json());
      const outlivedAt = ttlMs === 0 ? Number.POSITIVE_INFINITY : entry.created.getTime() + ttlMs;
      this.entries.set(entry.key, { value, outlivedAt });
      this.options.onChange?.(entry.key, value);
    } catch (error) {
      this.options.onInvalid?.(entry.key, error);
    }
  }

  private remove(key: string): void {
    if (this.entries.delete(key)) this.options.onChange?.(key, undefined);
  }

  private mark(marked: boolean): void {
    if (this.reading) this.reading.marked = marked;
    this.completeReading();
  }

  private caughtUp(): void {
    if (this.reading) this.reading.caughtUp = true;
    this.completeReading();
  }

  private completeReading(): void {
    const { reading } = this;
    if (!reading?.caughtUp || (this.options.needsMarker && !reading.marked)) return;
    for (const key of this.entries.keys()) if (!reading.seen.has(key)) this.remove(key);
    this.reading = undefined;
    this.ready = true;
  }

  private dropOutlived(): void {
    const now = Date.now();
    for (const [key, { outlivedAt }] of this.entries) if (outlivedAt <= now) this.remove(key);
  }
}
