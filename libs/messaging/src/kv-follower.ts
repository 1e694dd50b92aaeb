import { setTimeout as delay } from 'node:timers/promises';
import { changesOf, type BucketContract } from '@keyport/contracts';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { BucketGoneError, BucketStream } from './bucket-stream.ts';
import { onReconnect } from './on-reconnect.ts';
import type { KvSink } from './kv-sink.ts';
import { StoredMessage } from './stored-message.ts';

/** A key that the owner of a bucket writes once all entries are in it. */
export const completionMarker = '_complete';

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

/** A place in the stream: sequence, and when the message there was stored. */
type Position = Pick<StoredMessage, 'seq' | 'time'>;

const start: Position = { seq: 0, time: new Date(0) };
const defaultInspectEveryMs = 5_000;

/**
 * Reads a JetStream KV bucket and follows it as it changes: first it listens to what the bucket's stream publishes of
 * every message that it stores, then it reads what there is by direct gets. Sequences tell whether one fits the other;
 * where some are missing, it reads on from there. Whenever the bus comes back, the bucket is read afresh while what was
 * read before goes on to hold.
 */
export class KvFollower {
  private readonly stopping = new AbortController();
  private readonly stream: BucketStream;
  private readonly prefix: string;
  private reading: Reading | undefined;
  private ready = false;
  private contact = 0;
  /** Up to here nothing is missing. */
  private position = start;
  /** What was heard without a gap, while it is not known yet how it fits what was read. */
  private heard: { from: number; to: Position } | undefined;
  /** Keys of which something later was heard than the reading may still show, in the order of their sequences. */
  private readonly later = new Map<string, number>();
  private isReadingOn = false;

  constructor(
    private readonly connection: NatsConnection,
    private readonly options: KvFollowerOptions,
    private readonly sink: KvSink,
  ) {
    this.stream = new BucketStream(connection, options.bucket);
    this.prefix = `$KV.${options.bucket.name}.`;
  }

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

  /** Ends, also by an error, when the bucket must be read anew. */
  private async readAndWatch(): Promise<void> {
    const ending = new AbortController();
    const signal = AbortSignal.any([ending.signal, this.stopping.signal]);
    const end = () => ending.abort();
    void onReconnect(this.connection, signal, end);
    let isReading = false;
    const callback = (error: Error | null, message: Msg) => {
      if (error) end();
      else if (isReading && !signal.aborted) this.hear(new StoredMessage(message), signal, end);
    };
    const subscription = this.connection.subscribe(changesOf(this.options.bucket), { callback });
    try {
      // Where the subscription is refused, that is told before JetStream has answered.
      await this.untilThere(signal);
      this.beginReading();
      isReading = true;
      await this.readOn(signal);
      await this.inspectRepeatedly(signal);
    } finally {
      subscription.unsubscribe();
      end();
    }
  }

  private async untilThere(signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        await this.stream.last(signal);
        return;
      } catch (error) {
        if (!(error instanceof BucketGoneError)) throw error;
        await delay(100, undefined, { signal });
      }
    }
  }

  private beginReading(): void {
    this.reading = { caughtUp: false, marked: false };
    this.position = start;
    this.heard = undefined;
    this.later.clear();
    this.sink.beginReading();
  }

  /** Reads from where nothing is missing until it meets what was heard, or the end. */
  private async readOn(signal: AbortSignal): Promise<void> {
    this.isReadingOn = true;
    try {
      for (let isWhole = false; !isWhole;) {
        const heardBefore = this.heard;
        const show = (message: StoredMessage) => this.show(message);
        const { pending } = await this.stream.readBatch(this.position.seq + 1, signal, show);
        if (signal.aborted) return;
        this.contact = Date.now();
        this.forgetLater();
        // To the end: what was heard before the batch was asked for lies behind nothing that is still there.
        isWhole = this.followsOn() || (pending === 0 && this.heard === heardBefore);
      }
      if (this.heard && this.heard.to.seq > this.position.seq) this.position = this.heard.to;
    } finally {
      this.heard = undefined;
      this.later.clear();
      this.isReadingOn = false;
    }
    this.caughtUp();
  }

  /** What was heard follows on what was read, so that there is nothing more to read. */
  private followsOn(): boolean {
    return this.heard !== undefined && this.heard.from <= this.position.seq + 1;
  }

  /** Of the reading: what was heard of the same key is later. */
  private show(message: StoredMessage): void {
    this.position = message;
    const key = this.keyOf(message);
    if (message.seq > (this.later.get(key) ?? 0)) this.apply(key, message);
  }

  /** What the reading has passed it cannot show any more. */
  private forgetLater(): void {
    for (const [key, seq] of this.later) {
      if (seq > this.position.seq) return;
      this.later.delete(key);
    }
  }

  private hear(message: StoredMessage, signal: AbortSignal, end: () => void): void {
    const { seq } = message;
    const key = this.keyOf(message);
    if (seq <= this.position.seq) {
      // Heard only now that it was read; but of another bucket, made in the place of this one, where it is later.
      if (message.time > this.position.time) end();
      return;
    }
    this.apply(key, message);
    if (!this.isReadingOn && seq === this.position.seq + 1) {
      this.position = message;
      this.contact = Date.now();
      return;
    }
    this.later.delete(key);
    this.later.set(key, seq);
    if (this.heard && seq === this.heard.to.seq + 1) this.heard.to = message;
    else this.heard = { from: seq, to: message };
    if (!this.isReadingOn) this.readOn(signal).catch(end);
  }

  /** Ends, also by an error, where the bucket must be read anew: another one is there, or it was emptied. */
  private async inspectRepeatedly(signal: AbortSignal): Promise<void> {
    for (let expected = 0; ;) {
      await delay(this.options.inspectEveryMs ?? defaultInspectEveryMs, undefined, { signal, ref: false });
      this.sink.tidy?.();
      const last = await this.stream.last(signal);
      // While a long reading goes on, what comes in is contact enough.
      if (this.isReadingOn) continue;
      const { seq, time } = last ?? start;
      if (seq <= this.position.seq) {
        const isAnother = last === undefined ? this.position.seq > 0 : time > this.position.time;
        if (isAnother) return;
        this.contact = Date.now();
        // What was there a look ago was not heard.
      } else if (this.position.seq < expected) await this.readOn(signal);
      expected = seq;
    }
  }

  private keyOf({ subject }: StoredMessage): string {
    return subject.slice(this.prefix.length);
  }

  private apply(key: string, message: StoredMessage): void {
    if (key === completionMarker) this.mark(message.isPut);
    else if (message.isPut) this.sink.put(key, message);
    else this.sink.remove(key);
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
