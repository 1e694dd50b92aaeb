import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createIngestGrant, putDataset } from '@keyport/contracts';
import { eventually, type ServiceProcess } from '@keyport/testing';
import { Decimal128, Double, Int32, Long } from 'bson';
import { EventPublisher } from '../harness/event-publisher.ts';
import { ImportSystem } from '../harness/import-system.ts';

let system: ImportSystem;
let events: EventPublisher;
let service: ServiceProcess;

const start = () => system.startImport({ KEYPORT_IMPORT_LEASE_SECONDS: '3' });

beforeAll(async () => {
  system = await ImportSystem.start();
  events = await EventPublisher.on(system.servers);
  service = await start();
});

afterAll(() => system.stop());

describe('an event on ingest.v1.<dataset>', () => {
  it('becomes a record, and a later one with the same key changes it', async () => {
    await system.ask(putDataset, { name: 'stock', key: ['code'] });

    await events.upsert('stock', { code: 'A', qty: 1 });
    await events.upsert('stock', { code: 'B', qty: 1 });
    await events.upsert('stock', { code: 'A', qty: 2 });
    await events.nothingPending();

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

    await events.upsert('plain', { qty: 1 }, { subject: 'A-1' });
    await events.upsert('plain', { qty: 2 }, { subject: 'A-1' });
    await events.nothingPending();

    expect(await (await system.collection('plain')).find().toArray()).toEqual([{ _id: 'A-1', qty: 2 }]);
  });

  it('keeps numbers and Extended JSON as they were sent', async () => {
    const dataset = await system.dataset({ key: ['code'] });
    const data =
      '{"code":"A","long":9007199254740993,"double":1.0,"int":1,"decimal":{"$numberDecimal":"1.10"},"at":{"$date":"2026-11-30T00:00:00Z"}}';
    const attributes = '"specversion":"1.0","id":"exact","source":"/shop","type":"keyport.record.upserted"';

    await events.raw(`ingest.v1.${dataset}`, `{${attributes},"data":${data}}`);
    await events.nothingPending();

    const [raw] = await (await system.collection(dataset)).find({}, { promoteValues: false }).toArray();
    expect(raw).toMatchObject({
      ...{ long: Long.fromString('9007199254740993'), double: new Double(1), int: new Int32(1) },
      ...{ decimal: Decimal128.fromString('1.10'), at: new Date('2026-11-30T00:00:00Z') },
    });
  });

  it('deletes the record that its subject names, or its data where the key has several fields', async () => {
    const one = await system.dataset({ key: ['code'], schema: { properties: { code: { type: 'integer' } } } });
    const two = await system.dataset({ key: ['a', 'b'] });
    const none = await system.dataset();
    await events.upsert(one, { code: 7 });
    await events.upsert(one, { code: 8 });
    await events.upsert(two, { a: 1, b: 2 });
    await events.upsert(two, { a: 1, b: 3 });
    await events.upsert(none, { n: 1 }, { subject: 'A' });
    await events.upsert(none, { n: 2 }, { subject: 'B' });

    await events.delete(one, '7');
    await events.delete(one, '9');
    await events.delete(two, 'x', { data: { a: 1, b: 2 } });
    await events.delete(none, 'A');
    await events.nothingPending();

    const left = async (dataset: string) => (await system.collection(dataset)).find().toArray();
    expect(await left(one)).toMatchObject([{ code: 8 }]);
    expect(await left(two)).toMatchObject([{ a: 1, b: 3 }]);
    expect(await left(none)).toEqual([{ _id: 'B', n: 2 }]);
  });

  it('changes nothing when it comes again, over restarts, and is another one in another dataset', async () => {
    const [dataset, other] = [await system.dataset({ key: ['code'] }), await system.dataset({ key: ['code'] })];
    const id = await events.upsert(dataset, { code: 'A', v: 1 });
    await events.upsert(dataset, { code: 'A', v: 2 });
    await events.upsert(other, { code: 'A', v: 1 }, { id });
    await events.nothingPending();
    await service.end('SIGKILL');
    await system.restartRecords();
    service = await start();

    await events.upsert(dataset, { code: 'A', v: 1 }, { id });
    await events.upsert(dataset, { code: 'B', v: 1 }, { id });
    await events.upsert(dataset, { code: 'C', v: 1 }, { id, source: '/warehouse' });
    await events.nothingPending();

    const records = await (await system.collection(dataset)).find({}, { projection: { _id: 0 } }).toArray();
    expect(records).toEqual([
      { code: 'A', v: 2 },
      { code: 'C', v: 1 },
    ]);
    expect(await system.count(other)).toBe(1);
  });

  it('is written once although the process is killed while it works', async () => {
    await system.ask(putDataset, { name: 'many' });
    const published = 300;
    const publish = (from: number, to: number) =>
      Promise.all(Array.from({ length: to - from }, (_, n) => events.upsert('many', { index: from + n })));
    const publishing = publish(0, 250);
    await eventually(
      () => system.count('many'),
      (count) => count > 20,
    );

    await service.end('SIGKILL');
    await publishing;
    await publish(250, published);
    service = await start();
    await eventually(
      () => system.count('many'),
      (count) => count >= published,
    );
    await events.nothingPending();

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
