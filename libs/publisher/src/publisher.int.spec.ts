import { randomUUID } from 'node:crypto';
import { ingestSubject, ingestTypes, streams } from '@keyport/contracts';
import { startTemporaryServers, type Servers } from '@keyport/stack';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DiscardPolicy, jetstreamManager, StorageType, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type ConnectionOptions, type NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import { PublishError } from './publish-error.ts';
import { Publisher, type PublisherOptions } from './publisher.ts';

const orderSchema = z.object({ orderId: z.string(), quantity: z.number().int() });
const datasets = { orders: orderSchema };
const stream = streams.ingest.name;

let servers: Servers;
let bus: NatsConnection;
let manager: JetStreamManager;
const opened: NatsConnection[] = [];

async function connected(options: ConnectionOptions = {}): Promise<NatsConnection> {
  const { user, password } = servers.natsAdminOf('admin-import');
  const made = await connect({
    ...{ servers: servers.natsUrl, user, pass: password, maxReconnectAttempts: -1, reconnectTimeWait: 100 },
    ...options,
  });
  opened.push(made);
  return made;
}

const publisherOn = (connection: NatsConnection, options: Partial<PublisherOptions<typeof datasets>> = {}) =>
  new Publisher(connection, { source: '/shop', datasets, ...options });

beforeAll(async () => {
  servers = await startTemporaryServers();
  bus = await connected();
  manager = await jetstreamManager(bus, { timeout: 60_000 });
});

beforeEach(async () => {
  const config = { name: stream, subjects: [...streams.ingest.subjects], storage: StorageType.File };
  await manager.streams.add({ ...config, discard: DiscardPolicy.New, max_bytes: 8 * 1024 * 1024, allow_atomic: true });
});

afterEach(() => manager.streams.delete(stream));

afterAll(async () => {
  await Promise.all(opened.map((connection) => connection.close()));
  await servers?.stop();
});

async function stored(): Promise<Record<string, unknown>[]> {
  const { state } = await manager.streams.info(stream);
  const sequences = Array.from({ length: state.messages }, (_, index) => state.first_seq + index);
  const messages = await Promise.all(sequences.map((seq) => manager.streams.getMessage(stream, { seq })));
  return messages.map((message) => ({ on: message?.subject, ...message?.json<Record<string, unknown>>() }));
}

const codeOf = (publishing: Promise<unknown>) =>
  publishing.then(
    () => 'published',
    (error: unknown) => (error instanceof PublishError ? error.code : error),
  );

describe('The publisher', () => {
  it('publishes records as CloudEvents on the subject of their dataset, stored when its promise resolves', async () => {
    const publisher = publisherOn(bus);

    const { id, sequence } = await publisher.upserted('orders', { key: 'a', data: { orderId: 'a', quantity: 1 } });
    await publisher.deleted('orders', { key: 'a', id: 'gone-1' });

    expect(sequence).toBe(1);
    expect(await stored()).toEqual([
      {
        ...{ on: ingestSubject('orders'), specversion: '1.0', id, source: '/shop', type: ingestTypes.upserted },
        ...{ subject: 'a', time: expect.any(String), datacontenttype: 'application/json' },
        data: { orderId: 'a', quantity: 1 },
      },
      expect.objectContaining({ id: 'gone-1', type: ingestTypes.deleted, subject: 'a' }),
    ]);
  });

  it('says that an event was stored before, where the same id is published again', async () => {
    const publisher = publisherOn(bus);
    const order = { id: 'order-7', data: { orderId: 'a', quantity: 1 } };

    const first = await publisher.upserted('orders', order);
    const again = await publisher.upserted('orders', order);

    expect([first.isDuplicate, again.isDuplicate]).toEqual([false, true]);
    expect(await stored()).toHaveLength(1);
  });

  it('sends nothing that its schema does not allow, and says what is wrong', async () => {
    const publisher = publisherOn(bus);

    const publishing = publisher.upserted('orders', { data: { orderId: 'a', quantity: 1.5 } });

    await expect(publishing).rejects.toMatchObject({
      code: 'INVALID_RECORD',
      message: expect.stringContaining('quantity'),
    });
    expect(await stored()).toEqual([]);
  });

  it('sends nothing that is larger than the server takes', async () => {
    const publisher = publisherOn(bus);
    const orderId = 'x'.repeat(bus.info!.max_payload);

    expect(await codeOf(publisher.upserted('orders', { data: { orderId, quantity: 1 } }))).toBe('EVENT_TOO_LARGE');
  });

  it('says that the credentials do not allow it, at once', async () => {
    const { NATS_USER: user, NATS_PASSWORD: pass } = servers.envOf('export');
    const restricted = await connected({ user: String(user), pass: String(pass), inboxPrefix: '_INBOX.export' });
    const publisher = publisherOn(restricted);

    const codes = await Promise.all(
      ['a', 'b'].map((orderId) => codeOf(publisher.upserted('orders', { data: { orderId, quantity: 1 } }))),
    );

    expect(codes).toEqual(['NOT_PERMITTED', 'NOT_PERMITTED']);
  });

  it('tries for as long as it is told where the stream is full, and says so then', async () => {
    const { config } = await manager.streams.info(stream);
    await manager.streams.update(stream, { ...config, max_msgs: 1 });
    const publisher = publisherOn(bus, { retryForMs: 500 });
    const order = { orderId: 'a', quantity: 1 };
    await publisher.upserted('orders', { data: order });

    expect(await codeOf(publisher.upserted('orders', { data: order }))).toBe('STREAM_FULL');
    const patient = publisherOn(bus).upserted('orders', { data: order });
    await manager.streams.update(stream, { ...config, max_msgs: 10 });
    expect(await codeOf(patient)).toBe('published');
  });

  it('keeps the order of a key, and loses and doubles nothing, while the server is killed', async () => {
    const publisher = publisherOn(await connected(), { ackWithinMs: 1_000, maxInFlight: 64 });
    const keys = Array.from({ length: 16 }, (_, index) => `key-${index}`);
    const events = Array.from({ length: 800 }, (_, index) => ({ orderId: keys[index % 16] ?? '', quantity: index }));
    const publishing: Promise<unknown>[] = [];

    for (const [index, data] of events.entries()) {
      await publisher.ready();
      publishing.push(publisher.upserted('orders', { key: data.orderId, data }));
      if (index === 250 || index === 500) process.kill(Number(servers.processes.nats?.pid), 'SIGKILL');
    }
    await Promise.all(publishing);

    const found = await stored();
    for (const key of keys) {
      const quantities = found
        .filter(({ subject }) => subject === key)
        .map(({ data }) => (data as { quantity: number }).quantity);
      expect(quantities).toEqual(events.filter(({ orderId }) => orderId === key).map(({ quantity }) => quantity));
    }
  });

  it('stores what is published at once together, and one by one where some of it was stored before', async () => {
    const publisher = publisherOn(bus);
    const publish = (from: number, to: number) =>
      Promise.all(
        Array.from({ length: to - from }, (_, index) =>
          publisher.upserted('orders', { id: `order-${from + index}`, data: { orderId: 'a', quantity: from + index } }),
        ),
      );

    const first = await publish(0, 600);
    const second = await publish(500, 650);

    expect(first.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 600 }, (_, index) => index + 1));
    expect(second.filter(({ isDuplicate }) => isDuplicate)).toHaveLength(100);
    expect(await stored()).toHaveLength(650);
    const message = await manager.streams.getMessage(stream, { seq: 2 });
    expect(message?.header.get('Nats-Batch-Id')).not.toBe('');
  });

  it('publishes also to a stream that takes no batches', async () => {
    const { config } = await manager.streams.info(stream);
    await manager.streams.update(stream, { ...config, allow_atomic: false });
    const publisher = publisherOn(bus);

    const publishing = Array.from({ length: 20 }, () => publisher.deleted('orders', { key: randomUUID() }));

    expect(new Set((await Promise.all(publishing)).map(({ sequence }) => sequence)).size).toBe(20);
  });

  it('lets no more wait than it is told, and has room again once they are stored', async () => {
    const publisher = publisherOn(bus, { maxInFlight: 2, maxWaiting: 4 });
    const publish = () => codeOf(publisher.upserted('orders', { data: { orderId: 'a', quantity: 1 } }));

    const nats = Number(servers.processes.nats?.pid);
    // So that none is stored before there are too many.
    process.kill(nats, 'SIGSTOP');
    const first = [publish(), publish(), publish(), publish()];
    // The schema is checked before an event is let in.
    await new Promise((resolve) => setImmediate(resolve));
    const tooMany = await publish();
    process.kill(nats, 'SIGCONT');
    await publisher.ready();

    expect(tooMany).toBe('OVERLOADED');
    expect(await Promise.all(first)).toEqual(['published', 'published', 'published', 'published']);
    expect(await publish()).toBe('published');
  });

  it('stores what was published when it is closed, and takes nothing more', async () => {
    const publisher = publisherOn(bus);
    const publishing = Array.from({ length: 50 }, (_, quantity) =>
      publisher.deleted('orders', { key: `order-${quantity}` }),
    );

    await publisher.close();

    expect(await stored()).toHaveLength(50);
    await Promise.all(publishing);
    expect(await codeOf(publisher.upserted('orders', { data: { orderId: 'a', quantity: 1 } }))).toBe('CLOSED');
  });
});
