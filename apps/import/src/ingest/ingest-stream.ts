import { ingestSubject, streams } from '@keyport/contracts';
import { BUS_CONNECTION, ensureStream } from '@keyport/messaging';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscardPolicy, jetstreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { IMPORT_CONFIG, type ImportConfig } from '../config.ts';
import { readDirectly } from './direct-read.ts';
import type { PublishedEvent } from './published-event.ts';

const stream = streams.ingest.name;

/** About what one reading holds: as a chunk of an import. */
const maxReadBytes = 1024 * 1024;

/**
 * Events that internal services published and that are not written yet. What is purged is done with; a full stream, or
 * one with too many events of one dataset, refuses new events rather than lose old ones.
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
      max_msgs_per_subject: this.config.KEYPORT_INGEST_EVENTS,
      discard_new_per_subject: true,
      allow_direct: true,
      // One flush to disk for many events (ADR-50); one that is published alone costs one of its own.
      allow_atomic: true,
    });
  }

  /** Subjects of which there are events. */
  async subjects(): Promise<string[]> {
    const manager = await this.manager();
    const { created, state } = await manager.streams.info(stream, { subjects_filter: ingestSubject('*') });
    this.created = created;
    return Object.keys(state.subjects ?? {});
  }

  /** Events of one subject in their order, from a sequence on, `limit` at most. Without a consumer: nothing is left behind. */
  async read(subject: string, from: number, limit: number): Promise<PublishedEvent[]> {
    const { created } = this;
    const wanted = { seq: Math.max(from, 1), next_by_subj: subject, batch: limit, max_bytes: maxReadBytes };
    const messages = await readDirectly(this.connection, streams.ingest, wanted);
    return messages.map((message) => ({ stream: created, ...message }));
  }

  /** Takes the events of a subject away, up to that sequence. */
  async forget(subject: string, upTo: number): Promise<void> {
    const manager = await this.manager();
    await manager.streams.purge(stream, { filter: subject, seq: upTo + 1 });
  }

  private manager() {
    return jetstreamManager(this.connection, { checkAPI: false });
  }
}
