import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, parseNdjson, TeamMongod, TestStack, until, type KeyportClient } from '@keyport/testing';
import { Binary, Decimal128, EJSON, Int32, Long, MaxKey, MinKey, ObjectId, type BSON } from 'bson';
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

  describe('read while it is written', () => {
    const count = 30_000;
    const record = (n: number, state: string) => ({ _id: n as never, state, text: 'x'.repeat(1_200) });
    const things = () => team.db('erp').collection('things');

    beforeAll(async () => {
      await things().insertMany(Array.from({ length: count }, (_, n) => record(n, 'before')));
      await client.ok('/v1/datasets/things', {
        method: 'PUT',
        json: { mapping: { source: 'erp', collection: 'things' } },
      });
    });

    /** What a client gets that waits, behind its first bytes, for something else to happen. */
    async function readAround(query: string, act: () => Promise<void>) {
      const response = await client.raw(`/v1/datasets/things/records${query}`);
      const body = (response.body ?? new ReadableStream()) as ReadableStream<Uint8Array>;
      const chunks: Uint8Array[] = [];
      let hasActed = false;
      for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
        chunks.push(chunk);
        if (!hasActed) await act();
        hasActed = true;
      }
      return parseNdjson<{ _id: number; state: string }>(Buffer.concat(chunks).toString());
    }

    const send = (mode: string, ids: number[], state: string) =>
      client.imported(
        'things',
        'application/x-ndjson',
        ids.map((n) => `${JSON.stringify(record(n, state))}\n`).join(''),
        `?mode=${mode}`,
      );
    const some = (from: number, to: number, step: number) =>
      Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step);

    it('shows each record that was there all the time once, and none twice', async () => {
      const deleted = new Set(some(1, count, 10));

      const rows = await readAround('', async () => {
        await Promise.all([send('upsert', some(0, count, 10), 'after'), send('insert', some(-500, 0, 1), 'new')]);
        await Promise.all([send('delete', [...deleted], ''), send('insert', some(count, count + 500, 1), 'new')]);
      });

      const ids = rows.map(({ _id }) => _id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids).toEqual(ids.toSorted((one, other) => one - other));
      const seen = new Set(ids);
      const stayed = some(0, count, 1).filter((n) => !deleted.has(n));
      expect(stayed.filter((n) => !seen.has(n))).toEqual([]);
    });

    it('shows what was there at its start alone, with snapshot', async () => {
      const before = (await things()
        .find({}, { projection: { state: 1 } })
        .sort({ _id: 1 })
        .toArray()) as unknown[];

      const rows = await readAround('?snapshot=true&fields=_id,state,text', async () => {
        await things().updateMany({}, { $set: { state: 'changed' } });
        await send('delete', some(0, count, 3), '');
        await send('insert', some(2 * count, 2 * count + 500, 1), 'new');
      });

      expect(rows.map(({ _id, state }) => ({ _id, state }))).toEqual(before);
    });

    it('breaks the connection off once the moment is too long ago, and refuses the next question where it cannot serve it', async () => {
      const admin = team.db('admin');
      const keepFor = (seconds: number) =>
        admin.command({ setParameter: 1, minSnapshotHistoryWindowInSeconds: seconds });
      const isForgotten = async () => {
        const find = { find: 'things', limit: 1, projection: { _id: 1 } };
        const { atClusterTime } = at.cursor;
        await things().updateOne({}, { $inc: { again: 1 } });
        return team
          .db('erp')
          .command({ ...find, readConcern: { level: 'snapshot', atClusterTime } })
          .then(
            () => false,
            (error: { code?: number }) => error.code === 239,
          );
      };
      let at: { cursor: Record<string, unknown> } = { cursor: {} };

      const read = readAround('?snapshot=true', async () => {
        at = (await team.db('erp').command({ find: 'things', limit: 1, readConcern: { level: 'snapshot' } })) as never;
        await keepFor(0);
        await until(isForgotten, 'the server to forget');
      });

      await expect(read).rejects.toThrow('terminated');
      await keepFor(300);
      expect((await client.request('/v1/datasets/things/records?snapshot=perhaps')).status).toBe(422);
    });
  });

  describe('with ids of any type and documents that no message carries', () => {
    const addresses: [unknown, string][] = [
      [new ObjectId('65f000000000000000000001'), '65f000000000000000000001'],
      ['a/b ü?', 'a/b ü?'],
      [new Int32(5), '{"$numberInt":"5"}'],
      [1.5, '{"$numberDouble":"1.5"}'],
      [NaN, '{"$numberDouble":"NaN"}'],
      [Long.fromString('9007199254740993'), '{"$numberLong":"9007199254740993"}'],
      [new Decimal128('1.10'), '{"$numberDecimal":"1.10"}'],
      [null, 'null'],
      [true, 'true'],
      [{ shop: 'a', no: new Int32(7) }, '{"shop":"a","no":{"$numberInt":"7"}}'],
      [new Binary(Buffer.from('x'), 5), '{"$binary":{"base64":"eA==","subType":"05"}}'],
      [new Date(-1), '{"$date":{"$numberLong":"-1"}}'],
      [new MinKey(), '{"$minKey":1}'],
      [new MaxKey(), '{"$maxKey":1}'],
    ];
    /** Of 16 MB, and of 8.4 MB with a text six times as long. */
    const large = [
      { _id: 'large', fill: new Binary(Buffer.alloc(16 * 1024 * 1024 - 100, 7)) },
      { _id: 'longer', text: '\u0001'.repeat(8_400_000) },
    ] as unknown as { _id: string }[];
    const mixed = () => team.db('erp').collection<{ _id: unknown }>('mixed');
    /** The driver's types know filters of ids of one type alone. */
    const byId = (_id: unknown) => ({ _id }) as never;

    beforeAll(async () => {
      // Else the driver puts an ObjectId in the place of null.
      const asTheyAre = { forceServerObjectId: true };
      await mixed().insertMany(
        addresses.map(([_id, address]) => ({ _id, address })),
        asTheyAre,
      );
      for (const document of large) await mixed().insertOne(document);
      await client.ok('/v1/datasets/mixed', {
        method: 'PUT',
        json: { mapping: { source: 'erp', collection: 'mixed' } },
      });
    });

    it('gives all of them in order, by pages of one', async () => {
      const stored = await mixed()
        .find({}, { sort: { _id: 1 }, projection: { address: 1 }, promoteValues: false })
        .toArray();

      const text = await client.text('/v1/datasets/mixed/records?ejson=canonical&fields=_id,address');

      expect(text.trimEnd().split('\n')).toEqual(stored.map((one) => EJSON.stringify(one, { relaxed: false })));
    });

    it.each(addresses)('finds the record with the id %s by its address', async (_id, address) => {
      const { status, body } = await client.request<BSON.Document>(
        `/v1/datasets/mixed/records/${encodeURIComponent(address)}`,
      );

      expect([status, body.address]).toEqual([200, address]);
    });

    it.each(large)('gives $_id whole, in a stream and alone, through a limit of rows too', async ({ _id }) => {
      const expected = EJSON.stringify(large.find((one) => one._id === _id));
      const limits = await client.ok<{ token: string }>('/v1/keys', {
        method: 'POST',
        json: {
          ...{ name: _id, scopes: ['records:read:mixed'] },
          authorizationDetails: [
            { type: 'keyport_dataset', datasets: ['mixed'], actions: ['records:read'], filter: { _id } },
          ],
        },
      });
      const narrow = client.with(limits.token);

      const streamed = await narrow.text('/v1/datasets/mixed/records');
      const alone = await client.text(`/v1/datasets/mixed/records/${_id}`);

      expect(streamed === `${expected}\n`).toBe(true);
      expect(alone === `${expected}\n`).toBe(true);
    });

    it('writes them into a file', async () => {
      const job = await client.exported('mixed', { fields: ['text', 'fill'] });

      expect(job).toMatchObject({ state: 'completed', counts: { written: addresses.length + large.length } });
      const text = await client.text(`/v1/exports/${job.id}/file`);
      const lines = text.split('\n').filter((line) => line !== '{}' && line !== '');
      expect(lines.map((line) => line.length)).toEqual(large.map(({ _id, ...rest }) => EJSON.stringify(rest).length));
    });

    it('gives them whole among what changed', async () => {
      await client.ok('/v1/datasets/mixed', { method: 'PATCH', json: { trackChanges: true } });
      // Right after tracking began there may be no cursor yet.
      const whole = await eventually(
        () => client.request('/v1/datasets/mixed/records?fields=_id'),
        ({ headers }) => headers.has('keyport-since'),
      );
      const since = whole.headers.get('keyport-since') ?? 'none';
      await mixed().updateOne(byId(1.5), { $set: { address: 'first' } });
      await mixed().updateOne(byId('longer'), { $set: { changed: true } });
      await mixed().deleteOne(byId('large'));

      const text = await client.text(`/v1/datasets/mixed/records?since=${since}`);
      const part = await client.text(`/v1/datasets/mixed/records?since=${since}&fields=text`);

      const [first, second, third, end] = text.split('\n');
      expect([first, third, end]).toEqual(['{"_id":1.5,"address":"first"}', '{"$deleted":true,"_id":"large"}', '']);
      expect(second === EJSON.stringify({ ...large[1], changed: true })).toBe(true);
      expect(part.split('\n')[1] === EJSON.stringify(large[1])).toBe(true);
    });
  });
});
