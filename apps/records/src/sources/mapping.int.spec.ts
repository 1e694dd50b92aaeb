import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deleteDataset, getDataset, listDatasets, putDataset, scanRecords, writeEvents } from '@keyport/contracts';
import { codeOf, eventually, refusalOf, TeamMongod } from '@keyport/testing';
import {
  Binary,
  BSONRegExp,
  Decimal128,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
  UUID,
  type BSON,
} from 'bson';
import { bsonOf, RecordsSystem } from '../harness/records-system.ts';

let system: RecordsSystem;
let replicaSet: TeamMongod;
let standalone: TeamMongod;
let sources: Record<string, string>;

/** A database of the team's on the deployment that Keyport's are on, with no right but on it and on the ledger. */
async function neighbour(): Promise<string> {
  const client = system.database.getClient();
  const roles = ['neighbour', 'keyport_ledger'].map((db) => ({ role: 'readWrite', db }));
  await client.db('neighbour').command({ createUser: 'team', pwd: 'team-secret', roles });
  const url = new URL(system.servers.mongodbUrl);
  // Another name for the same server.
  return `mongodb://team:team-secret@localhost:${url.port}/neighbour`;
}

beforeAll(async () => {
  // One after the other, so that what was started is ended where the next one fails.
  system = await RecordsSystem.start(0);
  replicaSet = await TeamMongod.start();
  standalone = await TeamMongod.start({ isStandalone: true });
  const own = new URL(system.servers.mongodbUrl);
  sources = {
    erp: replicaSet.url('erp'),
    ledger: replicaSet.url('keyport_ledger'),
    alone: standalone.url('erp'),
    nobody: 'mongodb://reader:top-secret-word@127.0.0.1:1/erp',
    neighbour: await neighbour(),
    stranger: `mongodb://team:wrong-secret@localhost:${own.port}/neighbour`,
    own: `mongodb://${own.username}:${own.password}@localhost:${own.port}/auth?authSource=admin`,
  };
  await system.startService({ KEYPORT_SOURCES: JSON.stringify(sources) });
});

afterAll(async () => {
  await Promise.all([system, replicaSet, standalone].map((one) => one?.stop()));
});

const map = (name: string, source: string, collection = name, definition: { key?: string[] | null } = {}) =>
  system.bus.ask('gateway', putDataset, { name, mapping: { source, collection }, ...definition });

async function existing(name: string, documents: BSON.Document[]) {
  const collection = replicaSet.db('erp').collection(name);
  await collection.insertMany(documents);
  return collection;
}

const ids = [
  new MinKey(),
  null,
  new Int32(1),
  Long.fromNumber(2),
  2.5,
  new Decimal128('3.75'),
  '',
  'text',
  { a: 1, b: { c: [1, 2] } },
  new Binary(Buffer.from([1, 2]), 7),
  new UUID('00112233-4455-4677-8899-aabbccddeeff'),
  new ObjectId('00112233445566778899aabb'),
  false,
  true,
  new Date(5),
  new Timestamp({ t: 1, i: 1 }),
  new MaxKey(),
];

describe('a dataset mapped onto a collection that is there', () => {
  it('is exported whole, whatever types its ids have, and as it is', async () => {
    const documents = ids.map((_id, n) => ({ _id, n: new Int32(n), pattern: new BSONRegExp('^a', 'i') }));
    const collection = await existing('mixed', documents);
    const before = await collection.find({}, { raw: true }).sort({ _id: 1 }).toArray();

    const { dataset } = await map('mixed', 'erp');
    const scanned = await system.scan('mixed', { maxBytes: 100 });

    expect(dataset).toMatchObject({ mapping: { source: 'erp', collection: 'mixed' }, count: ids.length, key: null });
    expect(scanned.map(({ n }) => Number(n)).toSorted((a, b) => a - b)).toEqual(ids.map((_, n) => n));
    expect(await collection.find({}, { raw: true }).sort({ _id: 1 }).toArray()).toEqual(before);
    expect(await collection.indexes()).toHaveLength(1);
  });

  it('takes rows in every mode, by its key, and leaves the others', async () => {
    const collection = await existing('orders', [
      { _id: 1 as never, no: 'a', qty: 1, note: 'kept' },
      { _id: 2 as never, no: 'b', qty: 2 },
      { _id: 3 as never, no: 'c', qty: 3 },
      { _id: 4 as never, no: 'd', qty: 4 },
    ]);
    await collection.createIndex({ no: 1 }, { unique: true, name: 'theirs' });
    await map('orders', 'erp', 'orders', { key: ['no'] });
    const write = (mode: 'insert' | 'upsert' | 'replace' | 'merge' | 'delete', ...rows: BSON.Document[]) =>
      system.write('orders', rows, { mode, key: mode === 'insert' ? [] : ['no'] });

    const inserted = await write('insert', { _id: 10, no: 'a' }, { _id: 11, no: 'e' });
    const merged = await write('merge', { _id: 12, no: 'a', qty: 9 });
    const replaced = await write('replace', { _id: 13, no: 'b', qty: 9 }, { _id: 14, no: 'z' });
    const upserted = await write('upsert', { _id: 15, no: 'c', qty: 3 }, { _id: 16, no: 'f' });
    const deleted = await write('delete', { _id: 17, no: 'd' });

    expect(inserted).toMatchObject({ inserted: 1, rejected: [{ index: 0, code: 'DUPLICATE_KEY' }] });
    expect([merged.updated, replaced.updated, replaced.skipped]).toEqual([1, 1, 1]);
    expect([upserted.unchanged, upserted.inserted, deleted.deleted]).toEqual([1, 1, 1]);
    expect(await collection.find().sort({ _id: 1 }).toArray()).toEqual([
      { _id: 1, no: 'a', qty: 9, note: 'kept' },
      { _id: 2, no: 'b', qty: 9 },
      { _id: 3, no: 'c', qty: 3 },
      { _id: 11, no: 'e' },
      { _id: 16, no: 'f' },
    ]);
  });

  it('answers a repeated chunk from the ledger that lies on the same deployment', async () => {
    const collection = await existing('repeated', [{ _id: 1 as never }]);
    await map('repeated', 'erp');
    const chunk = { source: 'again', sequence: 7, mode: 'upsert' as const };

    const first = await system.write('repeated', [{ _id: 2, a: 1 }], chunk);
    await collection.updateOne({ _id: 2 as never }, { $set: { a: 'changed since' } });
    const second = await system.write('repeated', [{ _id: 2, a: 1 }], chunk);

    expect(second).toEqual(first);
    expect(await collection.findOne({ _id: 2 as never })).toMatchObject({ a: 'changed since' });
    const ledger = replicaSet.db('keyport_ledger').collection('ledger');
    expect(await ledger.countDocuments({ _id: 'again:7' as never })).toBe(1);
    expect(await system.database.collection('ledger').countDocuments({ _id: 'again:7' as never })).toBe(0);
  });

  it('takes events, each once, by names that lie on the same deployment', async () => {
    const collection = await existing('followed', [{ _id: 1 as never, n: 1, v: 'old' }]);
    await collection.createIndex({ n: 1 }, { unique: true });
    await map('followed', 'erp', 'followed', { key: ['n'] });
    const { id: datasetId } = await system.describe('followed');
    const write = (name: number, documents: BSON.Document[], deletes: number[] = []) =>
      system.bus.ask('import', writeEvents, {
        ...{ dataset: 'followed', datasetId, key: ['n'], deletes, hasOwnIds: true, count: documents.length },
        ...{ events: Buffer.alloc(16 * documents.length, name), documents: bsonOf(documents) },
      });

    const replies = [
      await write(1, [{ _id: 9, n: 1, v: 'new' }]),
      await write(2, [{ _id: 9, n: 1 }], [0]),
      await write(1, [{ _id: 9, n: 1, v: 'new' }]),
    ];

    expect(replies).toMatchObject([{ updated: 1 }, { deleted: 1 }, { repeated: 1, inserted: 0 }]);
    expect(await collection.countDocuments()).toBe(0);
    expect(
      await replicaSet.db('keyport_ledger').collection('writtenEvents').countDocuments({ dataset: datasetId }),
    ).toBe(2);
  });

  it('needs no right but to read and write that database and the ledger', async () => {
    await system.database.getClient().db('neighbour').collection<{ _id: number }>('things').insertOne({ _id: 1 });

    await map('things', 'neighbour');
    await system.write('things', [{ _id: 2 }]);
    await system.bus.ask('gateway', deleteDataset, { name: 'things' });

    expect(await system.database.getClient().db('neighbour').collection('things').countDocuments()).toBe(2);
  });

  it('leaves the collection as it is when it is deleted, and can be mapped again', async () => {
    const collection = await existing('left', [{ _id: 1 as never }]);
    await map('left', 'erp');
    await system.write('left', [{ _id: 2 }]);

    await system.bus.ask('gateway', deleteDataset, { name: 'left' });

    expect(await collection.countDocuments()).toBe(2);
    await map('left', 'erp');
    expect(await system.scan('left')).toHaveLength(2);
  });

  it('keeps its mapping and its key', async () => {
    await existing('fixed', [{ _id: 1 as never }]);
    await map('fixed', 'erp');
    await system.dataset('plain');

    expect(await map('fixed', 'erp')).toMatchObject({ created: false });
    expect(await codeOf(map('fixed', 'erp', 'orders'))).toBe('DATASET_MAPPING_FIXED');
    expect(await codeOf(map('plain', 'erp', 'fixed'))).toBe('DATASET_MAPPING_FIXED');
    expect(await codeOf(system.dataset('fixed', { mapping: null }))).toBe('DATASET_MAPPING_FIXED');
    expect(await codeOf(system.dataset('fixed', { key: ['a'] }))).toBe('DATASET_MAPPING_FIXED');
  });
});

describe('a mapping', () => {
  it('takes a right of its own', async () => {
    await existing('guarded', [{ _id: 1 as never }]);
    const ask = async (...scopes: string[]) =>
      system.bus.ask(
        'gateway',
        putDataset,
        { name: 'guarded', mapping: { source: 'erp', collection: 'guarded' } },
        { authority: await system.bus.caller(...scopes) },
      );

    await expect(ask('datasets:create:*')).rejects.toMatchObject({ code: 'INSUFFICIENT_SCOPE' });
    await expect(ask('datasets:map:*')).rejects.toMatchObject({ code: 'INSUFFICIENT_SCOPE' });
    await expect(ask('datasets:create:*', 'datasets:map:guarded')).resolves.toMatchObject({ created: true });
  });

  it('is refused onto databases of Keyport, whatever name their server has, and of MongoDB', async () => {
    expect(await refusalOf(map('keys', 'own', 'keys'))).toMatchObject({
      code: 'MAPPING_REFUSED',
      params: { reason: 'auth is a database of Keyport itself' },
    });
    expect(await codeOf(map('ledger', 'ledger', 'ledger'))).toBe('MAPPING_REFUSED');
  });

  it('is refused onto a server without transactions', async () => {
    expect(await refusalOf(map('alone', 'alone'))).toMatchObject({
      code: 'MAPPING_REFUSED',
      params: { source: 'alone', reason: 'its server has no transactions: it must be a replica set' },
    });
  });

  it('is refused onto what no dataset can be', async () => {
    const db = replicaSet.db('erp');
    await existing('base', [{ _id: 1 as never, a: 1 }]);
    await db.createCollection('view', { viewOn: 'base', pipeline: [] });
    await db.createCollection('ring', { capped: true, size: 4096 });
    await db.createCollection('loose', { collation: { locale: 'en', strength: 2 } });
    const reasonOf = async (collection: string) =>
      (await refusalOf(map('refused', 'erp', collection)))?.params['reason'];

    expect(await reasonOf('nothing')).toBe('there is no such collection');
    expect(await reasonOf('view')).toBe('it is a view, not a plain collection');
    expect(await reasonOf('ring')).toMatch('capped');
    expect(await reasonOf('loose')).toMatch('collation');
    expect(await reasonOf('system.views')).toBe('it is one of MongoDB itself');
  });

  it('with a key needs an index that makes it one, and says how to make it', async () => {
    const collection = await existing('unkeyed', [{ _id: 1 as never, a: 1 }]);
    await collection.createIndex({ a: 1 }, { unique: true, sparse: true, name: 'sparse' });

    const refused = await refusalOf(map('unkeyed', 'erp', 'unkeyed', { key: ['a'] }));

    expect(refused).toMatchObject({
      code: 'KEY_INDEX_MISSING',
      params: { command: 'db.getCollection("unkeyed").createIndex({"a":1}, { unique: true })' },
    });
    expect(await collection.indexes()).toHaveLength(2);
  });

  it('onto a source that nobody configured, that does not answer or lets nobody in is refused without a secret', async () => {
    const refusals = [];
    for (const source of ['unheard', 'nobody', 'stranger']) refusals.push(await refusalOf(map('away', source)));

    expect(refusals.map((refusal) => refusal?.code)).toEqual([
      'SOURCE_UNKNOWN',
      'SOURCE_UNAVAILABLE',
      'SOURCE_UNAVAILABLE',
    ]);
    expect(refusals[1]?.params).toEqual({ source: 'nobody' });
    expect(JSON.stringify(refusals.map((refusal) => refusal?.message))).not.toMatch(/secret|127\.0\.0\.1/);
  });
});

describe('a mapped collection that the team drops while it is read', () => {
  const rows = (count: number) => Array.from({ length: count }, (_, n) => ({ _id: n as never, n }));

  /** Its first page, and how the reading goes on from there. */
  async function begun(name: string) {
    const collection = await existing(name, rows(20));
    await map(name, 'erp');
    const page = await system.bus.ask('export', scanRecords, { dataset: name, limit: 5 });
    const { datasetId, next: cursor } = page;
    const goOn = (limit?: number) =>
      refusalOf(system.bus.ask('export', scanRecords, { dataset: name, datasetId, cursor, limit }));
    return { collection, goOn };
  }

  it('never ends as if it were whole', async () => {
    const { collection, goOn } = await begun('dropped');
    expect(await goOn()).toBeUndefined();

    await collection.drop();

    expect(await goOn()).toMatchObject({ code: 'COLLECTION_REPLACED', params: { dataset: 'dropped' } });
  });

  it('is not gone on with where it was made anew, not even before its end', async () => {
    const { collection, goOn } = await begun('made-anew');

    await collection.drop();
    await collection.insertMany(rows(30));

    expect(await goOn()).toMatchObject({ code: 'COLLECTION_REPLACED' });
    expect(await goOn(2)).toMatchObject({ code: 'COLLECTION_REPLACED' });
    // Who begins now reads what is there now.
    expect(await system.scan('made-anew')).toHaveLength(30);
  });

  it('is known by the id of the dataset too, as long as nobody read it', async () => {
    await existing('described', rows(3));
    await map('described', 'erp');
    const { id } = await system.bus.ask('gateway', getDataset, { name: 'described' });

    expect(await system.scan('described', { datasetId: id })).toHaveLength(3);
  });
});

describe('a source that went away', () => {
  it('harms no other dataset, and goes on where it stopped', async () => {
    const collection = await existing('lasting', [{ _id: 1 as never }]);
    await map('lasting', 'erp');
    await system.dataset('own');
    await replicaSet.kill();

    const failed = await refusalOf(system.write('lasting', [{ _id: 2 }], { source: 'lasting', sequence: 0 }));
    const written = await system.write('own', [{ _id: 1 }]);
    const { items } = await system.bus.ask('gateway', listDatasets, {});
    const described = await system.bus.ask('gateway', getDataset, { name: 'lasting' });

    expect(failed).toMatchObject({ code: 'SOURCE_UNAVAILABLE', params: { source: 'erp' } });
    expect(written).toMatchObject({ inserted: 1 });
    expect(items.find(({ name }) => name === 'own')).toMatchObject({ count: 1 });
    expect(described).toMatchObject({ count: null });
    await replicaSet.begin();
    const late = { source: 'lasting', sequence: 0 };
    // The driver looks for a server that went away every few seconds.
    const reply = await eventually(
      () => system.write('lasting', [{ _id: 2 }], late).catch((error: unknown) => error),
      (answer) => !(answer instanceof Error),
    );
    expect(reply).toMatchObject({ inserted: 1 });
    expect(await collection.countDocuments()).toBe(2);
  });
});
