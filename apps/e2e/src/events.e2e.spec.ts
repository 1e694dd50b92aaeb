import { randomUUID } from 'node:crypto';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cloudEvent, importCompleted, ingestSubject, keyRevoked } from '@keyport/contracts';
import { TestStack, until, type KeyportClient } from '@keyport/testing';

describe('Events', () => {
  let stack: TestStack;
  let client: KeyportClient;
  let bus: NatsConnection;

  beforeAll(async () => {
    stack = await TestStack.start();
    client = stack.client;
    const { natsUrl } = await stack.describe();
    const { username, password, host } = new URL(natsUrl);
    bus = await connect({ servers: host, user: username, pass: decodeURIComponent(password) });
  });

  afterAll(async () => {
    await bus?.close();
    await stack?.stop();
  });

  const stored = async (subject: string) => {
    const manager = await jetstreamManager(bus);
    const message = await manager.streams.getMessage('EVENTS', { last_by_subj: subject }).catch(() => null);
    return message ? cloudEvent.parse(message.json()) : undefined;
  };

  it('tell that an import completed, as a CloudEvent', async () => {
    await client.putDataset('told');
    const ended = await client.imported('told', 'application/x-ndjson', '{"a":1}\n');

    await until(async () => (await stored(importCompleted.subject)) !== undefined, 'the event', 10_000);
    const event = await stored(importCompleted.subject);

    expect(event).toMatchObject({
      specversion: '1.0',
      type: 'keyport.import.completed',
      source: '/keyport/import',
      subject: ended.id,
    });
    expect(importCompleted.data.parse(event?.data)).toMatchObject({
      importId: ended.id,
      dataset: 'told',
      counts: { inserted: 1 },
    });
  });

  it('tell that a key was revoked', async () => {
    const key = await client.minted('records:read:told');
    await client.request(`/v1/keys/${key.keyId}`, { method: 'DELETE' });

    await until(async () => (await stored(keyRevoked.subject)) !== undefined, 'the event', 10_000);
    const event = await stored(keyRevoked.subject);

    expect(keyRevoked.data.parse(event?.data)).toMatchObject({ keyId: key.keyId });
  });

  it('become records when an internal service publishes them, once each', async () => {
    await client.putDataset('ingested', { key: ['sku'] });
    const event = {
      specversion: '1.0',
      id: randomUUID(),
      source: '/shop',
      type: 'keyport.record.upserted',
      subject: 'a-1',
      data: { sku: 'a-1', n: 1 },
    };
    const publish = (change: Record<string, unknown>) =>
      jetstream(bus).publish(ingestSubject('ingested'), JSON.stringify({ ...event, ...change }));

    await publish({});
    await publish({ id: randomUUID(), data: { sku: 'a-2', n: 2 } });
    await jetstream(bus).publish(ingestSubject('ingested'), 'not an event');
    await publish({ id: randomUUID(), data: { sku: 'a-1', n: 3 } });

    await until(
      async () => (await client.records('ingested', '?fields=sku,n')).some((row) => row.n === 3),
      'the last event',
      20_000,
    );
    expect(await client.records('ingested', '?fields=sku,n')).toEqual(
      expect.arrayContaining([
        { sku: 'a-1', n: 3 },
        { sku: 'a-2', n: 2 },
      ]),
    );
    expect((await client.dataset('ingested')).count).toBe(2);
  });
});
