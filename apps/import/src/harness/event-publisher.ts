import { ingestSubject, ingestTypes } from '@keyport/contracts';
import { eventually, type TestServers } from '@keyport/testing';
import { jetstream, jetstreamManager, type JetStreamPublishOptions } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';

/** Publishes events as an internal service does. */
export class EventPublisher {
  private count = 0;

  private constructor(private readonly connection: NatsConnection) {}

  static async on(servers: TestServers): Promise<EventPublisher> {
    return new EventPublisher(await servers.connectionOf('admin-import'));
  }

  /** Gives back the id; each event has one of its own unless told. */
  async upsert(dataset: string, data: unknown, attributes: object = {}): Promise<string> {
    this.count += 1;
    const id = `event-${this.count}`;
    const event = { specversion: '1.0', id, source: '/shop', type: ingestTypes.upserted, data, ...attributes };
    await this.raw(ingestSubject(dataset), JSON.stringify(event));
    return event.id;
  }

  delete(dataset: string, subject: string, attributes: object = {}): Promise<string> {
    return this.upsert(dataset, undefined, { type: ingestTypes.deleted, subject, ...attributes });
  }

  raw(subject: string, body: string | Uint8Array, options?: Partial<JetStreamPublishOptions>) {
    return jetstream(this.connection).publish(subject, body, { timeout: 60_000, ...options });
  }

  /** Events that are not written yet; of all datasets unless told. */
  async pending(dataset = '*'): Promise<number> {
    const { streams } = await jetstreamManager(this.connection);
    const { state } = await streams.info('INGEST', { subjects_filter: ingestSubject(dataset) });
    return Object.values(state.subjects ?? {}).reduce((sum, count) => sum + count, 0);
  }

  async nothingPending(): Promise<void> {
    await eventually(
      () => this.pending(),
      (count) => count === 0,
    );
  }
}
