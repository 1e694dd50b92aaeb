import { randomUUID } from 'node:crypto';
import { streams, uploadSubject } from '@keyport/contracts';
import { BUS_CONNECTION, ensureStream } from '@keyport/messaging';
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
import { nanos, type NatsConnection } from '@nats-io/transport-node';
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
  async consume(importId: string, fromSequence: number): Promise<Consumer> {
    const info = await this.manager.consumers.add(stream, {
      name: `${importId}-${randomUUID().slice(0, 8)}`,
      filter_subject: uploadSubject(importId),
      ack_policy: AckPolicy.None,
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: nanos(inactiveMs),
      ...(fromSequence > 1
        ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: fromSequence }
        : { deliver_policy: DeliverPolicy.All }),
    });
    return jetstream(this.connection).consumers.getConsumerFromInfo(info);
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
