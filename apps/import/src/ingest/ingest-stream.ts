import { streams } from '@keyport/contracts';
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
} from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { IMPORT_CONFIG, type ImportConfig } from '../config.ts';

const stream = streams.ingest.name;
const consumerName = 'import';

/** Redelivered where neither an answer nor a sign of life came within this. */
export const ackWaitMs = 30_000;
/** Events that one process works on at the same time. */
export const batchSize = 64;

/**
 * Events that internal services published and that are not written yet. A work queue: what is acknowledged is gone, and
 * a full stream refuses new events rather than lose old ones.
 */
@Injectable()
export class IngestStream implements OnModuleInit {
  /** Tells this stream from one that was deleted and made anew, whose sequences begin at 1 again. */
  private created = '';

  constructor(
    @Inject(BUS_CONNECTION) private readonly connection: NatsConnection,
    @Inject(IMPORT_CONFIG) private readonly config: ImportConfig,
  ) {}

  async onModuleInit(): Promise<void> {
    await ensureStream(this.connection, streams.ingest, {
      retention: RetentionPolicy.Workqueue,
      storage: StorageType.File,
      discard: DiscardPolicy.New,
      max_bytes: this.config.KEYPORT_INGEST_BYTES,
    });
  }

  /** `source` of all writes from this stream. */
  get source(): string {
    return `ingest.${this.created}`;
  }

  async consumer(): Promise<Consumer> {
    const manager = await jetstreamManager(this.connection, { checkAPI: false });
    this.created = (await manager.streams.info(stream)).created;
    const info = await manager.consumers.add(stream, {
      durable_name: consumerName,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      ack_wait: nanos(ackWaitMs),
      max_ack_pending: 4 * batchSize,
    });
    return jetstream(this.connection).consumers.getConsumerFromInfo(info);
  }
}
