import { randomUUID } from 'node:crypto';
import { KeyportError, pieceChecksum, pieceHeaders, streams, uploadSubject } from '@keyport/contracts';
import { BUS_CONNECTION, ensureStream, isStreamFull } from '@keyport/messaging';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type Consumer,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { headers, nanos, type NatsConnection } from '@nats-io/transport-node';
import type { StoredHead } from '../uploads/spool-tail.ts';
import { headOf } from './piece.ts';
import { IMPORT_CONFIG, type ImportConfig } from '../config.ts';

const stream = streams.uploads.name;

/** A consumer that nobody asks for so long goes away by itself. */
const inactiveMs = 30_000;

/**
 * The bytes of uploads on JetStream. Limits retention: a work queue would forget the last message once acknowledged,
 * and with it the offset. A full spool refuses new pieces rather than lose old ones.
 */
@Injectable()
export class Spool implements OnModuleInit {
  private manager!: JetStreamManager;

  constructor(
    @Inject(BUS_CONNECTION) private readonly connection: NatsConnection,
    @Inject(IMPORT_CONFIG) private readonly config: ImportConfig,
  ) {}

  async onModuleInit(): Promise<void> {
    await ensureStream(this.connection, streams.uploads, {
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      discard: DiscardPolicy.New,
      max_bytes: this.config.KEYPORT_SPOOL_BYTES,
      allow_direct: true,
    });
    this.manager = await jetstreamManager(this.connection, { checkAPI: false });
  }

  /**
   * Pieces of one upload from a stream sequence on. In memory and without acknowledgements: the position lives in
   * MongoDB, and a thousand durable consumers would cost seconds (measured).
   */
  async consume(importId: string, fromSequence: number, { headersOnly = false } = {}): Promise<Consumer> {
    const info = await this.manager.consumers.add(stream, {
      name: `${importId}-${randomUUID().slice(0, 8)}`,
      filter_subject: uploadSubject(importId),
      ack_policy: AckPolicy.None,
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: nanos(inactiveMs),
      ...(headersOnly && { headers_only: true }),
      ...(fromSequence > 1
        ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: fromSequence }
        : { deliver_policy: DeliverPolicy.All }),
    });
    return jetstream(this.connection).consumers.getConsumerFromInfo(info);
  }

  /** Pieces of one upload from a stream sequence on, those that are there now, without their bytes. */
  async heads(importId: string, fromSequence: number): Promise<StoredHead[]> {
    const consumer = await this.consume(importId, fromSequence, { headersOnly: true });
    try {
      const { num_pending: pending } = await consumer.info(true);
      return await headsFrom(consumer, pending);
    } finally {
      // Gone with its server, or by its inactivity threshold, where this does not work.
      await consumer.delete().catch(() => undefined);
    }
  }

  /**
   * Publishes the mark with which an epoch begins; its stream sequence. Of older epochs nothing counts that comes behind.
   */
  async mark(importId: string, epoch: number): Promise<number> {
    const hdrs = headers();
    hdrs.set(pieceHeaders.offset, '0');
    hdrs.set(pieceHeaders.epoch, String(epoch));
    hdrs.set(pieceHeaders.checksum, pieceChecksum(new Uint8Array()));
    try {
      const { seq } = await jetstream(this.connection).publish(uploadSubject(importId), undefined, { headers: hdrs });
      return seq;
    } catch (error) {
      if (!isStreamFull(error)) throw error;
      throw new KeyportError('SPOOL_FULL', {}, { cause: error });
    }
  }

  /** Bytes that all uploads take. */
  async usedBytes(): Promise<number> {
    const { state } = await this.manager.streams.info(stream);
    return state.bytes;
  }

  /** Stream sequence of the oldest piece of an upload that is still there. */
  async firstSequence(importId: string): Promise<number | null> {
    const first = await this.manager.direct.getMessage(stream, { seq: 1, next_by_subj: uploadSubject(importId) });
    return first?.seq ?? null;
  }

  /** Stream sequence of the newest piece of an upload, where there is one. */
  async lastSequence(importId: string): Promise<number | null> {
    const last = await this.manager.direct.getMessage(stream, { last_by_subj: uploadSubject(importId) });
    return last?.seq ?? null;
  }

  /** Frees the pieces of an upload before a stream sequence, or all of them. */
  async purge(importId: string, beforeSequence?: number): Promise<void> {
    await this.manager.streams.purge(stream, {
      filter: uploadSubject(importId),
      ...(beforeSequence !== undefined && { seq: beforeSequence }),
    });
  }

  /** Ids of all imports that have pieces in the spool. */
  async importIds(): Promise<string[]> {
    const { state } = await this.manager.streams.info(stream, { subjects_filter: uploadSubject('*') });
    return Object.keys(state.subjects ?? {}).map((subject) => subject.slice(uploadSubject('').length));
  }
}

const headsAtOnce = 1000;
const headsMs = 5_000;

/** As many as were there; fewer where some were purged meanwhile. */
async function headsFrom(consumer: Consumer, pending: number): Promise<StoredHead[]> {
  const heads: StoredHead[] = [];
  for (let left = pending; left > 0;) {
    const wanted = Math.min(left, headsAtOnce);
    let found = 0;
    for await (const message of await consumer.fetch({ max_messages: wanted, expires: headsMs })) {
      found += 1;
      const head = headOf(message);
      if (head) heads.push(head);
    }
    if (found < wanted) break;
    left -= found;
  }
  return heads;
}
