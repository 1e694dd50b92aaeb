import { randomUUID } from 'node:crypto';
import { ingestSubject, ingestTypes } from '@keyport/contracts';
import { until, type TestStack } from '@keyport/testing';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers, type Msg, type NatsConnection } from '@nats-io/transport-node';

/** Publishes to a running stack as an internal service does, with the rights of the bus's administrator. */
export class BusPublisher {
  private constructor(
    readonly connection: NatsConnection,
    private readonly ackWithinMs: number,
  ) {}

  /** `ackWithinMs`: for one acknowledgement; a server that was killed gives none. */
  static async on(stack: TestStack, ackWithinMs = 60_000): Promise<BusPublisher> {
    const { username, password, host } = new URL((await stack.describe()).natsUrls['admin-import']);
    const pass = decodeURIComponent(password);
    return new BusPublisher(
      await connect({
        servers: host,
        user: username,
        pass,
        inboxPrefix: '_INBOX.admin-import',
        maxReconnectAttempts: -1,
        reconnectTimeWait: 200,
      }),
      ackWithinMs,
    );
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  async one(dataset: string, body: string): Promise<void> {
    await jetstream(this.connection).publish(ingestSubject(dataset), body, { timeout: this.ackWithinMs });
  }

  /** All or none of them, with one flush to disk (nats-architecture-and-design, ADR-50). */
  async batch(dataset: string, bodies: readonly string[]): Promise<void> {
    const subject = ingestSubject(dataset);
    const id = randomUUID();
    for (const [index, body] of bodies.entries()) {
      const hdrs = headers();
      hdrs.set('Nats-Batch-Id', id);
      hdrs.set('Nats-Batch-Sequence', String(index + 1));
      const isLast = index === bodies.length - 1;
      if (isLast) hdrs.set('Nats-Batch-Commit', '1');
      const options = { headers: hdrs };
      // The first is answered so that it is known that the server takes batches.
      if (isLast || index === 0)
        throwRefusal(await this.connection.request(subject, body, { ...options, timeout: this.ackWithinMs }));
      else this.connection.publish(subject, body, options);
    }
  }

  /** Events that are not written yet. */
  async pending(): Promise<number> {
    const manager = await jetstreamManager(this.connection, { checkAPI: false });
    return (await manager.streams.info('INGEST')).state.messages;
  }

  nothingPending(withinMs?: number): Promise<void> {
    return until(async () => (await this.pending().catch(() => 1)) === 0, 'all events to be taken', withinMs);
  }
}

function throwRefusal(reply: Msg): void {
  const { error } = reply.data.length === 0 ? {} : reply.json<{ error?: { description?: string } }>();
  if (error) throw new Error(error.description ?? 'refused');
}

/** An upsert of a record from `/shop`, unless told otherwise. */
export const eventText = (attributes: object): string =>
  JSON.stringify({ specversion: '1.0', id: randomUUID(), source: '/shop', type: ingestTypes.upserted, ...attributes });
