import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createIngestGrant, ingestSubject, putDataset } from '@keyport/contracts';
import { eventually, type ServiceProcess } from '@keyport/testing';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { ImportSystem } from '../harness/import-system.ts';

let system: ImportSystem;
let admin: NatsConnection;
let service: ServiceProcess;

const start = () => system.startImport({ KEYPORT_IMPORT_LEASE_SECONDS: '3' });

beforeAll(async () => {
  system = await ImportSystem.start();
  admin = await system.servers.connectionOf('admin');
  service = await start();
});

afterAll(() => system.stop());

let events = 0;
function publish(dataset: string, data: unknown, attributes: object = {}) {
  events += 1;
  const event = { specversion: '1.0', id: `${events}`, source: '/shop', type: 'keyport.record.upserted', data };
  return jetstream(admin).publish(ingestSubject(dataset), JSON.stringify({ ...event, ...attributes }));
}

const pending = async () => (await (await jetstreamManager(admin)).streams.info('INGEST')).state.messages;
const nothingPending = () => eventually(pending, (messages) => messages === 0);

describe('an event on ingest.v1.<dataset>', () => {
  it('becomes a record, and a later one with the same key changes it', async () => {
    await system.ask(putDataset, { name: 'stock', key: ['code'] });

    await publish('stock', { code: 'A', qty: 1 });
    await publish('stock', { code: 'B', qty: 1 });
    await publish('stock', { code: 'A', qty: 2 });
    await nothingPending();

    const records = await (
      await system.collection('stock')
    )
      .find({}, { projection: { _id: 0 } })
      .sort({ code: 1 })
      .toArray();
    expect(records).toEqual([
      { code: 'A', qty: 2 },
      { code: 'B', qty: 1 },
    ]);
  });

  it('is identified by its subject where the dataset has no key', async () => {
    await system.ask(putDataset, { name: 'plain' });

    await publish('plain', { qty: 1 }, { subject: 'A-1' });
    await publish('plain', { qty: 2 }, { subject: 'A-1' });
    await nothingPending();

    expect(await (await system.collection('plain')).find().toArray()).toEqual([{ _id: 'A-1', qty: 2 }]);
  });

  it('that cannot be written is put away and holds nothing up', async () => {
    await system.ask(putDataset, {
      name: 'strict',
      schema: { properties: { qty: { type: 'integer' } }, required: ['qty'] },
    });

    await jetstream(admin).publish(ingestSubject('strict'), 'not json');
    await publish('strict', { qty: 'many' });
    await publish('nowhere', { qty: 1 });
    await publish('strict', { qty: 1 }, { type: 'shop.order.placed' });
    await publish('strict', { qty: 3 });
    await nothingPending();

    const records = await (await system.collection('strict')).find({}, { projection: { _id: 0 } }).toArray();
    expect(records).toEqual([{ qty: 3 }]);
  });

  it('is written once although the process is killed while it works', async () => {
    await system.ask(putDataset, { name: 'many' });
    const published = 300;
    for (let index = 0; index < published; index += 1) await publish('many', { index });
    await eventually(
      () => system.count('many'),
      (count) => count > 20,
    );

    await service.end('SIGKILL');
    service = await start();
    await eventually(
      () => system.count('many'),
      (count) => count >= published,
    );
    await nothingPending();

    expect(await (await system.collection('many')).distinct('index')).toHaveLength(published);
    expect(await system.count('many')).toBe(published);
  });
});

describe('the right to write events', () => {
  it('is given to the import service alone', async () => {
    const asked = system.gateway.requester.request(createIngestGrant, { dataset: 'stock' }, { timeoutMs: 1_000 });

    await expect(asked).rejects.toMatchObject({ code: expect.stringMatching(/^SERVICE_/) });
  });
});
