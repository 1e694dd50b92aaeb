import { setTimeout as delay } from 'node:timers/promises';
import { KeyportError } from '@keyport/contracts';
import { Injectable, Logger } from '@nestjs/common';
import type { Consumer, ConsumerMessages } from '@nats-io/jetstream';
import { pieceOf } from './piece.ts';
import { PieceSequence, type SpoolPosition } from './piece-sequence.ts';
import { Spool } from './spool.ts';
import type { Upload } from './upload.ts';

/** New bytes of an upload, in order. */
export interface Stretch {
  readonly bytes: Uint8Array;
  /** Bytes of the upload before these. */
  readonly offset: number;
  /** Where to begin so as to read from these on again. */
  readonly restart: SpoolPosition;
}

/** Nothing was added to an upload for a while. */
export class UploadIdleError extends Error {
  override readonly name = 'UploadIdleError';
}

export interface ReadOptions {
  readonly signal: AbortSignal;
  readonly idleMs: number;
}

/** Two pieces on their way keep the reader busy, asked for while the one before them is read; more would only sit in memory. */
const batch = 2;
const longPollMs = 2_000;
const retryMs = 250;
/** Times that the spool is asked again for what a sealed upload must hold, before it counts as incomplete. */
const patience = 3;

/** Reads the pieces of an upload in order, while it is being sent and after. */
@Injectable()
export class SpoolReader {
  private readonly logger = new Logger('spool');

  constructor(private readonly spool: Spool) {}

  /**
   * Ends at the sealed length. Throws {@link UploadIdleError}, UPLOAD_INCOMPLETE where a sealed upload lacks bytes, and
   * the signal's reason. Anything wrong with the bus is waited out.
   */
  async *read(upload: Upload, from: SpoolPosition, options: ReadOptions): AsyncGenerator<Stretch> {
    const reading = new Reading(upload, from, options);
    while (!reading.isDone) {
      try {
        yield* this.readOnce(reading);
      } catch (error) {
        if (isAnswer(error)) throw error;
        options.signal.throwIfAborted();
        this.logger.warn({ err: error, importId: upload.importId }, 'the spool is read anew');
        await delay(retryMs, undefined, { signal: options.signal }).catch(() => options.signal.throwIfAborted());
      }
    }
  }

  private async *readOnce(reading: Reading): AsyncGenerator<Stretch> {
    const { importId } = reading.upload;
    const consumer = await this.spool.consume(importId, reading.nextSequence);
    const fetch = () => consumer.fetch({ max_messages: batch, expires: longPollMs });
    let ahead: Promise<ConsumerMessages> | undefined;
    const fetchAhead = () => {
      ahead = fetch();
      // Thrown where it is awaited, if it still is.
      ahead.catch(() => undefined);
    };
    try {
      while (!reading.isDone) {
        const messages = await (ahead ?? fetch());
        ahead = undefined;
        const found = yield* this.take(messages, reading, fetchAhead);
        if (found === 'read anew') return;
        if (found === 'nothing') await reading.checkPatience(consumer);
      }
    } finally {
      await ahead?.then((messages) => messages.stop()).catch(() => undefined);
      // Gone with its server, or by its inactivity threshold, where this does not work.
      await consumer.delete().catch(() => undefined);
    }
  }

  /** `onLast`: all that was asked for is there. Not before: nats-server deals messages out to all who ask, in turns. */
  private async *take(
    messages: ConsumerMessages,
    reading: Reading,
    onLast: () => void,
  ): AsyncGenerator<Stretch, Found> {
    const release = reading.interrupt(() => messages.stop());
    const { upload } = reading;
    let found: Found = 'nothing';
    let count = 0;
    upload.waits(true);
    try {
      for await (const message of messages) {
        count += 1;
        const piece = pieceOf(message);
        reading.sawSequence(message.seq);
        if (!piece) this.logger.warn({ importId: reading.upload.importId, sequence: message.seq }, 'not a piece');
        const stretch = piece && reading.take(piece);
        if (stretch) {
          found = 'bytes';
          if (count === batch && !reading.isDone) onLast();
          upload.waits(false);
          yield stretch;
          upload.waits(true);
        }
        upload.lastRead = Math.max(upload.lastRead, message.seq);
        if (reading.isDone || reading.rewind()) return 'read anew';
      }
    } finally {
      release();
      messages.stop();
    }
    reading.options.signal.throwIfAborted();
    // What was on its way to a fetch that was stopped is lost to this consumer.
    return reading.wasInterrupted() ? 'read anew' : found;
  }
}

type Found = 'bytes' | 'nothing' | 'read anew';

const isAnswer = (error: unknown) => error instanceof UploadIdleError || error instanceof KeyportError;

/** How far one reader has come. */
class Reading {
  nextSequence: number;
  private readonly sequence: PieceSequence;
  private lastBytesAt = Date.now();
  private emptyPolls = 0;
  private interrupted = false;

  constructor(
    readonly upload: Upload,
    from: SpoolPosition,
    readonly options: ReadOptions,
  ) {
    this.sequence = new PieceSequence(from);
    this.nextSequence = from.sequence;
    upload.received = Math.max(upload.received, from.offset);
  }

  get isDone(): boolean {
    const { sealedLength } = this.upload;
    return sealedLength !== null && this.sequence.taken >= sealedLength;
  }

  sawSequence(sequence: number): void {
    this.nextSequence = sequence + 1;
  }

  take(piece: NonNullable<ReturnType<typeof pieceOf>>): Stretch | undefined {
    const offset = this.sequence.taken;
    const decision = this.sequence.take(piece);
    if (decision.kind === 'ignore') return undefined;
    this.lastBytesAt = Date.now();
    this.emptyPolls = 0;
    this.upload.received = Math.max(this.upload.received, this.sequence.taken);
    const end = this.upload.sealedLength === null ? piece.length : this.upload.sealedLength - piece.offset;
    return { bytes: piece.bytes.subarray(decision.skip, end), offset, restart: decision.restart };
  }

  rewind(): boolean {
    const sequence = this.sequence.rewind();
    if (sequence === undefined) return false;
    this.nextSequence = sequence;
    return true;
  }

  /** Calls `stop` when waiting makes no more sense; returns how to take that back. */
  interrupt(stop: () => void): () => void {
    this.interrupted = false;
    const onSealed = () => {
      this.interrupted = true;
      stop();
    };
    const removeListener = this.upload.onSealed(onSealed);
    const { signal } = this.options;
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    return () => {
      removeListener();
      signal.removeEventListener('abort', stop);
    };
  }

  wasInterrupted(): boolean {
    return this.interrupted;
  }

  /** After a poll that brought nothing new: throws where nothing will. */
  async checkPatience(consumer: Consumer): Promise<void> {
    // Also finds out that the consumer is gone, which a poll that only times out does not tell.
    const { num_pending: pending } = await consumer.info();
    if (pending > 0) return;
    this.emptyPolls += 1;
    if (this.upload.sealedLength === null) {
      if (Date.now() - this.lastBytesAt > this.options.idleMs) throw new UploadIdleError();
    } else if (this.emptyPolls >= patience) {
      throw new KeyportError('UPLOAD_INCOMPLETE', { received: this.sequence.taken });
    }
  }
}
