import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TeamMongod, TestStack, until, type KeyportClient } from '@keyport/testing';
import { Readable } from 'node:stream';
import { type Collection, type Document, Timestamp } from 'mongodb';
import { everyType } from './every-type.ts';

const stored = 2_000;
const imported = 60_000;

/** As a program of the team's has stored them: ids of several types, and fields that no file of ours has. */
const existing = Array.from({ length: stored }, (_, n) => ({
  _id: (n % 2 ? `id-${n}` : n) as never,
  no: n,
  since: new Date(n * 1000),
  tags: ['a', { deep: n }],
}));

function* lines(): Generator<string> {
  for (let n = 0; n < imported; n += 1) yield `${JSON.stringify({ no: n, qty: n % 7, text: 'x'.repeat(200) })}\n`;
}

type Zoo = Collection<Document>;

describe('A collection that was there before Keyport', () => {
  let team: TeamMongod;
  let stack: TestStack;
  let client: KeyportClient;
  const orders = () => team.db('erp').collection('orders');

  beforeAll(async () => {
    team = await TeamMongod.start();
    await orders().insertMany(existing);
    await orders().createIndex({ no: 1 }, { unique: true });
    stack = await TestStack.start({ env: { KEYPORT_SOURCES: JSON.stringify({ erp: team.url('erp') }) } });
    client = stack.client;
    const mapping = { source: 'erp', collection: 'orders' };
    await client.ok('/v1/datasets/orders', { method: 'PUT', json: { mapping, key: ['no'] } });
  });

  afterAll(async () => {
    await stack?.stop();
    await team?.stop();
  });

  it('is exported whole', async () => {
    const numbers = (await client.records<{ no: number }>('orders')).map(({ no }) => no);

    expect(numbers.toSorted((a, b) => a - b)).toEqual(existing.map(({ no }) => no));
    expect(await client.dataset('orders')).toMatchObject({ count: stored, mapping: { source: 'erp' } });
  });

  it('takes every row of a file exactly once, also where records and its mongod are killed in the middle', async () => {
    const body = Readable.toWeb(Readable.from(lines())) as never;
    const started = client.import('orders', 'application/x-ndjson', body, '?mode=merge');
    await until(async () => (await orders().estimatedDocumentCount()) > imported / 4, 'a quarter of the rows');

    await stack.kill('records');
    await until(async () => (await orders().estimatedDocumentCount()) > imported / 2, 'half of the rows');
    await team.kill();
    await team.begin();
    const { body: accepted } = await started;
    const ended = await client.importEnd(accepted.id, 120_000);

    const counts = { read: imported, inserted: imported - stored, updated: stored, unchanged: 0, rejected: 0 };
    expect(ended).toMatchObject({ state: 'completed', counts: { ...counts, deleted: 0, skipped: 0 } });
    expect(await orders().countDocuments()).toBe(imported);
    expect(await orders().findOne({ no: 1 })).toEqual({ ...existing[1], qty: 1, text: 'x'.repeat(200) });
    const ledger = team.db('keyport_ledger').collection('ledger');
    expect(await ledger.countDocuments({ dataset: 'orders' })).toBeGreaterThan(10);
  });

  it('comes out of a canonical export and import as it was, whatever its types and names', async () => {
    const raw = { raw: true, sort: { _id: 1 } } as const;
    const [zoo, copy] = ['zoo', 'copy'].map((name) => team.db('erp').collection<Document>(name)) as [Zoo, Zoo];
    await zoo.insertMany([...everyType] as never);
    // An insert would have put the present time here.
    await zoo.updateOne({ _id: 'values' as never }, { $set: { noStamp: new Timestamp({ t: 0, i: 0 }) } });
    await team.db('erp').createCollection('copy');
    for (const collection of ['zoo', 'copy'])
      await client.ok(`/v1/datasets/${collection}`, {
        method: 'PUT',
        json: { mapping: { source: 'erp', collection } },
      });
    await client.putDataset('own');
    const exported = (name: string) =>
      client.text(`/v1/datasets/${name}/records?ejson=canonical`, 'application/x-ndjson');

    const text = await exported('zoo');
    for (const dataset of ['copy', 'own']) {
      const { id, counts } = await client.imported(dataset, 'application/x-ndjson', text, '?ejson=canonical');

      expect(await client.rejects(id)).toEqual([]);
      expect(counts).toMatchObject({ read: everyType.length, inserted: everyType.length });
      expect(await exported(dataset)).toBe(text);
    }
    const stored = await Promise.all([zoo, copy].map((one) => one.find({}, raw).toArray()));
    expect(stored[1]).toEqual(stored[0]);
    expect(Buffer.isBuffer(stored[1]?.[0])).toBe(true);
  });

  it('stays when its dataset is deleted', async () => {
    await client.ok('/v1/datasets/orders', { method: 'DELETE' });

    expect(await client.request('/v1/datasets/orders')).toMatchObject({ status: 404 });
    expect(await orders().countDocuments()).toBe(imported);
  });
});
