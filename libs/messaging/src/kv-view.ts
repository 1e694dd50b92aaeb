import type { NatsConnection } from '@nats-io/transport-node';
import type { z } from 'zod';
import { decodeBody } from './encoding.ts';
import { KvFollower, type KvFollowerOptions } from './kv-follower.ts';
import type { KvMessage, KvSink } from './kv-sink.ts';

export interface KvViewOptions<Entry extends z.ZodType> extends KvFollowerOptions {
  readonly schema: Entry;
  readonly onChange?: (key: string, entry: z.output<Entry> | undefined) => void;
  readonly onInvalid?: (key: string, error: unknown) => void;
}

interface Held<Value> {
  readonly value: Value;
  /** Milliseconds since the epoch; JetStream drops an outlived entry without telling those who watch. */
  readonly outlivedAt: number;
  /** Number of the last reading that showed it. */
  reading: number;
}

/**
 * A JetStream KV bucket held in memory, entry by entry, and followed as it changes (see {@link KvFollower}). For buckets
 * of some ten thousand entries: each is an object.
 */
export class KvView<Entry extends z.ZodType> implements KvSink {
  private readonly entries = new Map<string, Held<z.output<Entry>>>();
  private readonly follower: KvFollower;
  private reading = 0;

  constructor(
    connection: NatsConnection,
    private readonly options: KvViewOptions<Entry>,
  ) {
    this.follower = new KvFollower(connection, options, this);
  }

  /** Starts following in the background. */
  start(): void {
    this.follower.start();
  }

  stop(): void {
    this.follower.stop();
  }

  /** True from the first complete reading on, also while the bus is away: what is known then still holds. */
  get isReady(): boolean {
    return this.follower.isReady;
  }

  /** When JetStream was last heard of; milliseconds since the epoch, 0 for never. */
  get contactAt(): number {
    return this.follower.contactAt;
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

  /** For the follower. */
  beginReading(): void {
    this.reading += 1;
  }

  /** For the follower. */
  put(key: string, { data, time }: KvMessage): void {
    const { ttlMs } = this.options.bucket;
    try {
      const value = this.options.schema.parse(decodeBody('json', data));
      const outlivedAt = ttlMs === 0 ? Number.POSITIVE_INFINITY : time.getTime() + ttlMs;
      this.entries.set(key, { value, outlivedAt, reading: this.reading });
      this.options.onChange?.(key, value);
    } catch (error) {
      const held = this.entries.get(key);
      if (held) held.reading = this.reading;
      this.options.onInvalid?.(key, error);
    }
  }

  /** For the follower. */
  remove(key: string): void {
    this.entries.delete(key);
    // Also of what could not be read, and was told of as that.
    this.options.onChange?.(key, undefined);
  }

  /** For the follower. */
  endReading(): void {
    for (const [key, { reading }] of this.entries) if (reading !== this.reading) this.remove(key);
  }

  /** For the follower. */
  tidy(): void {
    const now = Date.now();
    for (const [key, { outlivedAt }] of this.entries) if (outlivedAt <= now) this.remove(key);
  }
}
