import { ingestSubject, streams } from '@keyport/contracts';
import { BUS_CONNECTION, ensureStream } from '@keyport/messaging';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  jetstream,
  JetStreamApiError,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type Consumer,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { IMPORT_CONFIG, type ImportConfig } from '../config.ts';

const stream = streams.ingest.name;

/** Longer than any try of an event: within one consumer nothing is delivered twice while it is worked on. */
const ackWaitMs = 5 * 60_000;
/** A consumer that nobody asks goes away. */
const unusedMs = 60_000;
/** JetStream API error code (nats-server, `errors.json`): another consumer of a work queue has the subject. */
const subjectTaken = 10100;

/**
 * Events that internal services published and that are not written yet. A work queue: what is acknowledged is gone, and
 * a full stream refuses new events rather than lose old ones.
 */
@Injectable()
export class IngestStream implements OnModuleInit {
  /** Tells this stream from one that was deleted and made anew, whose sequences begin at 1 again. */
  private created = '';
  private readonly live = new Set<string>();
  private opened = 0;

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

  /** Subjects of which there are events. */
  async subjects(): Promise<string[]> {
    const manager = await this.manager();
    const { created, state } = await manager.streams.info(stream, { subjects_filter: ingestSubject('*') });
    this.created = created;
    return Object.keys(state.subjects ?? {});
  }

  /**
   * Delivers the events of one subject from the first that is left, the next one only when the one before was answered.
   * A new consumer for each reading: one that lives on would give what a killed process had taken after newer events.
   */
  async open(subject: string, fence: number): Promise<Consumer> {
    const manager = await this.manager();
    this.opened += 1;
    const name = `import-${fence}-${this.opened}`;
    this.live.add(name);
    try {
      const info = await manager.consumers.add(stream, {
        ...{ name, filter_subject: subject, deliver_policy: DeliverPolicy.All },
        ...{ ack_policy: AckPolicy.Explicit, ack_wait: nanos(ackWaitMs), max_ack_pending: 1 },
        ...{ inactive_threshold: nanos(unusedMs), mem_storage: true },
      });
      return jetstream(this.connection, { checkAPI: false }).consumers.getConsumerFromInfo(info);
    } catch (error) {
      this.live.delete(name);
      if (error instanceof JetStreamApiError && error.code === subjectTaken) await this.sweep();
      throw error;
    }
  }

  /** Whatever the consumer had delivered and was not answered is left for the next one. */
  async close(consumer: Consumer): Promise<void> {
    const { name } = await consumer.info(true);
    this.live.delete(name);
    // Already gone, or goes away unused.
    await consumer.delete().catch(() => undefined);
  }

  /** Ends the consumers of earlier holders: they get no more events, and their answers count no more. */
  async sweep(): Promise<void> {
    const { consumers } = await this.manager();
    for await (const { name } of consumers.list(stream)) {
      if (!this.live.has(name)) await consumers.delete(stream, name).catch(() => undefined);
    }
  }

  private manager(): Promise<JetStreamManager> {
    return jetstreamManager(this.connection, { checkAPI: false });
  }
}
