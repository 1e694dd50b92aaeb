import { setTimeout as delay } from 'node:timers/promises';
import type { BucketContract } from '@keyport/contracts';
import type { KvWatchEntry } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import type { z } from 'zod';
import { openBucket } from './jetstream.ts';

/** A key that the owner of a bucket writes once all entries are in it. */
export const completionMarker = '_complete';

export interface KvViewOptions<Entry extends z.ZodType> {
  readonly bucket: BucketContract;
  readonly schema: Entry;
  /** Wait for the owner's completion marker before the view counts as ready. */
  readonly needsMarker: boolean;
  readonly onChange?: (key: string, entry: z.output<Entry> | undefined) => void;
  readonly onInvalid?: (key: string, error: unknown) => void;
}

/** A JetStream KV bucket held in memory and followed as it changes. */
export class KvView<Entry extends z.ZodType> {
  private readonly entries = new Map<string, z.output<Entry>>();
  private readonly stopping = new AbortController();
  private revision = 0;
  private caughtUp = false;
  private marked = false;

  constructor(
    private readonly connection: NatsConnection,
    private readonly options: KvViewOptions<Entry>,
  ) {}

  /** Starts following in the background; a lost watch is taken up again where it ended. */
  start(): void {
    void this.follow();
  }

  stop(): void {
    this.stopping.abort();
  }

  get isReady(): boolean {
    return this.caughtUp && (this.marked || !this.options.needsMarker);
  }

  get size(): number {
    return this.entries.size;
  }

  get(key: string): z.output<Entry> | undefined {
    return this.entries.get(key);
  }

  values(): IterableIterator<z.output<Entry>> {
    return this.entries.values();
  }

  private async follow(): Promise<void> {
    while (!this.stopping.signal.aborted && !this.connection.isClosed()) {
      try {
        await this.watchOnce();
      } catch {
        // The bus is away or the bucket was made anew: both heal by watching again.
        if (!this.stopping.signal.aborted) await delay(100);
      }
    }
  }

  private async watchOnce(): Promise<void> {
    const kv = await openBucket(this.connection, this.options.bucket, this.stopping.signal);
    const { values, streamInfo } = await kv.status();
    // A bucket made anew counts from 1 again; what was read from the old one is read afresh.
    if (streamInfo.state.last_seq < this.revision) this.reset();
    if (values === 0) this.caughtUp = true;
    const watch = await kv.watch(this.revision > 0 ? { resumeFromRevision: this.revision + 1 } : {});
    const stop = () => watch.stop();
    this.stopping.signal.addEventListener('abort', stop, { once: true });
    try {
      for await (const entry of watch) this.apply(entry);
    } finally {
      this.stopping.signal.removeEventListener('abort', stop);
    }
  }

  private apply(entry: KvWatchEntry): void {
    this.revision = Math.max(this.revision, entry.revision);
    if (entry.key === completionMarker) this.marked ||= entry.operation === 'PUT';
    else if (entry.operation === 'PUT') this.put(entry);
    else if (this.entries.delete(entry.key)) this.options.onChange?.(entry.key, undefined);
    if (entry.delta === 0) this.caughtUp = true;
  }

  private put(entry: KvWatchEntry): void {
    try {
      const value = this.options.schema.parse(entry.json()) as z.output<Entry>;
      this.entries.set(entry.key, value);
      this.options.onChange?.(entry.key, value);
    } catch (error) {
      this.options.onInvalid?.(entry.key, error);
    }
  }

  private reset(): void {
    this.entries.clear();
    this.revision = 0;
    this.marked = false;
    this.caughtUp = false;
  }
}
