import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { answer } from './answer.ts';

export interface EventsToPublish {
  readonly servers: string;
  readonly user: string;
  readonly pass: string;
  readonly subject: string;
  readonly events: number;
  /** Published together, with one flush to disk (nats-architecture-and-design, ADR-50); 1: each alone. */
  readonly together: number;
}

export interface PublishedEvents {
  readonly seconds: number;
  readonly bytes: number;
  /** Batches that the stream had no room for, and that were published again. */
  readonly refused: number;
}

/** Batches under way at once; of single events as many. */
const inFlight = 4;

const eventText = (number: number): string =>
  JSON.stringify({
    ...{ specversion: '1.0', id: `bench-${number}`, source: '/bench', type: 'keyport.record.upserted' },
    subject: `order-${number}`,
    data: {
      ...{
        orderId: `order-${number}`,
        customer: `customer-${number % 1000}`,
        total: (number % 10_000) / 100,
        paid: true,
      },
      ...{
        placedAt: { $date: '2026-11-30T10:00:00Z' },
        items: [{ sku: `sku-${number % 500}`, quantity: 1 + (number % 9) }],
      },
      note: 'left at the door, as the customer asked for on the phone this morning',
    },
  });

async function batch(bus: NatsConnection, subject: string, bodies: readonly string[]): Promise<void> {
  const id = randomUUID();
  for (const [index, body] of bodies.entries()) {
    const hdrs = headers();
    hdrs.set('Nats-Batch-Id', id);
    hdrs.set('Nats-Batch-Sequence', String(index + 1));
    const isLast = index === bodies.length - 1;
    if (isLast) hdrs.set('Nats-Batch-Commit', '1');
    if (isLast) throwRefusal(await bus.request(subject, body, { headers: hdrs, timeout: 60_000 }));
    else bus.publish(subject, body, { headers: hdrs });
  }
}

async function one(bus: NatsConnection, subject: string, body: string): Promise<void> {
  throwRefusal(await bus.request(subject, body, { timeout: 60_000 }));
}

function throwRefusal(reply: { readonly data: Uint8Array; json<Body>(): Body }): void {
  const { error } = reply.json<{ error?: { description?: string } }>();
  if (error) throw new Error(error.description ?? 'refused');
}

answer<EventsToPublish, PublishedEvents>(async ({ servers, user, pass, subject, events, together }) => {
  const bus = await connect({ servers, user, pass, inboxPrefix: '_INBOX.admin-import', noAsyncTraces: true });
  let [bytes, refused, next] = [0, 0, 0];
  const began = performance.now();
  const line = async () => {
    while (next < events) {
      const from = next;
      next = Math.min(next + together, events);
      const bodies = Array.from({ length: next - from }, (_, index) => eventText(from + index));
      for (const body of bodies) bytes += Buffer.byteLength(body);
      for (let isTaken = false; !isTaken;) {
        try {
          await (together === 1 ? one(bus, subject, bodies[0] as string) : batch(bus, subject, bodies));
          isTaken = true;
        } catch (error) {
          if (!/maximum (messages|bytes)/.test((error as Error).message)) throw error;
          refused += 1;
          await delay(20);
        }
      }
    }
  };
  await Promise.all(Array.from({ length: together === 1 ? 256 : inFlight }, line));
  const seconds = (performance.now() - began) / 1000;
  await bus.close();
  return { seconds, bytes, refused };
});
