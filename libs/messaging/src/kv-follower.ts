import { setTimeout as delay } from 'node:timers/promises';
import type { BucketContract } from '@keyport/contracts';
import { DeliverPolicy, jetstream, type ConsumerMessages, type JsMsg } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { openBucket } from './jetstream.ts';
import { onReconnect } from './on-reconnect.ts';

/** A key that the owner of a bucket writes once all entries are in it. */
export const completionMarker = '_complete';

/** Where a {@link KvFollower} puts what it reads. No method may throw: that would end the reading. */
export interface KvSink {
  /** A reading of the whole bucket begins; until its end, what was held goes on to hold. */
  beginReading(): void;
  put(key: string, message: JsMsg): void;
  remove(key: string): void;
  /** The whole bucket was read: what the reading has not shown is no longer there. */
  endReading(): void;
  /** Now and then: entries may go whose time is over. */
  tidy?(): void;
}

export interface KvFollowerOptions {
  readonly bucket: BucketContract;
  /** Wait for the owner's completion marker before the bucket counts as read. */
  readonly needsMarker: boolean;
  /** Milliseconds between looks at the bucket itself: is JetStream there, was the bucket made anew. */
  readonly inspectEveryMs?: number;
}

/** One reading of a whole bucket. */
interface Reading {
  caughtUp: boolean;
  marked: boolean;
}

const defaultInspectEveryMs = 5_000;

/**
 * Reads a JetStream KV bucket and follows it as it changes. Whenever the bus comes back, the bucket is read afresh while
 * what was read before goes on to hold: the client by itself would take up a watch that died with the server only after
 * missed heartbeats, up to a minute later.
 */
export class KvFollower {
  private readonly stopping = new AbortController();
  private reading: Reading | undefined;
  private ready = false;
  /** Highest stream sequence that is known to have arrived. */
  private arrived = 0;
  private contact = 0;

  constructor(
    private readonly connection: NatsConnection,
    private readonly options: KvFollowerOptions,
    private readonly sink: KvSink,
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

  /** When JetStream was last heard of and nothing of the bucket was missing; milliseconds since the epoch, 0 for never. */
  get contactAt(): number {
    return this.contact;
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
    const before = await kv.status();
    this.reading = { caughtUp: false, marked: false };
    this.arrived = 0;
    this.sink.beginReading();
    const messages = await this.watch();
    const stop = () => void messages.close();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const end = () => ending.abort();
    void this.inspectRepeatedly(kv, before.streamInfo, signal).then(end, end);
    try {
      await messages.closed();
    } finally {
      ending.abort();
    }
  }

  /**
   * An ordered consumer on the bucket's stream. Buckets keep one value a key, so that all there is in sequence is also
   * the last of each key: JetStream need not look for it, which for a million keys takes it longer than to send them.
   */
  private async watch(): Promise<ConsumerMessages> {
    const { name } = this.options.bucket;
    const prefix = `$KV.${name}.`;
    const client = jetstream(this.connection, { checkAPI: false });
    const consumer = await client.consumers.getPushConsumer(`KV_${name}`, {
      filter_subjects: `${prefix}>`,
      deliver_policy: DeliverPolicy.All,
    });
    const messages = await consumer.consume({ callback: (message) => this.apply(prefix, message) });
    void this.followHeartbeats(messages);
    return messages;
  }

  private async followHeartbeats(messages: ConsumerMessages): Promise<void> {
    for await (const status of messages.status()) {
      if (status.type === 'heartbeat' && status.lastStreamSequence <= this.arrived) this.contact = Date.now();
    }
  }

  /** Ends, also by an error, where the watch must be begun anew: another bucket is there, or entries do not arrive. */
  private async inspectRepeatedly(
    kv: KV,
    before: { readonly created: string; readonly state: { readonly last_seq: number } },
    signal: AbortSignal,
  ): Promise<void> {
    const { values } = await kv.status();
    // Asked after the watch began: an empty bucket has nothing to deliver, any other ends its delivery with 0 pending.
    if (values === 0) this.caughtUp();
    for (let expected = before.state.last_seq; ;) {
      await delay(this.options.inspectEveryMs ?? defaultInspectEveryMs, undefined, { signal, ref: false });
      this.sink.tidy?.();
      const { created, state } = (await kv.status()).streamInfo;
      if (created !== before.created) return;
      // While a long reading goes on, what comes in is contact enough.
      if (this.reading?.caughtUp === false) continue;
      this.arrived = Math.max(this.arrived, before.state.last_seq);
      // What was there a look ago has not come: the watch is dead, and its messages are not.
      if (this.arrived < expected) return;
      if (this.arrived >= state.last_seq) this.contact = Date.now();
      expected = state.last_seq;
    }
  }

  private apply(prefix: string, message: JsMsg): void {
    const key = message.subject.slice(prefix.length);
    this.arrived = message.seq;
    this.contact = Date.now();
    const isPut = !message.headers?.has('KV-Operation') && !message.headers?.has('Nats-Marker-Reason');
    if (key === completionMarker) this.mark(isPut);
    else if (isPut) this.sink.put(key, message);
    else this.sink.remove(key);
    if (message.info.pending === 0) this.caughtUp();
  }

  private mark(marked: boolean): void {
    if (this.reading) this.reading.marked = marked;
    this.completeReading();
  }

  private caughtUp(): void {
    if (this.reading) this.reading.caughtUp = true;
    this.contact = Date.now();
    this.completeReading();
  }

  private completeReading(): void {
    const { reading } = this;
    if (!reading?.caughtUp || (this.options.needsMarker && !reading.marked)) return;
    this.sink.endReading();
    this.reading = undefined;
    this.ready = true;
  }
}
