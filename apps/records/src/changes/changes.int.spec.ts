import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { changeDataset, putDataset, readChanges, scanRecords, type RequestInput } from '@keyport/contracts';
import { codeOf, eventually, TeamMongod, type ServiceProcess } from '@keyport/testing';
import { Timestamp, type BSON } from 'bson';
import type { mongo } from 'mongoose';
import type { DatasetDefinition } from '../datasets/dataset.model.ts';
import { RetiredCollections } from '../datasets/retired-collections.repository.ts';
import { DatasetCopy } from '../harness/dataset-copy.ts';
import { RecordsSystem } from '../harness/records-system.ts';
import type { ChangeStreamState } from './change-stream.model.ts';
import { ChangeHistories } from './change-histories.repository.ts';
import { changesNameOf } from './change-history.ts';
import { ChangeSweeper } from './change-sweeper.ts';

let system: RecordsSystem;
let team: TeamMongod;
let env: Record<string, string>;
let processes: ServiceProcess[];

const keepMs = 7 * 24 * 3_600_000;

/** A user on Keyport's own deployment who may read and write a database, and not follow it. */
async function guarded(): Promise<string> {
  const admin = system.database.getClient().db('admin');
  const actions = ['find', 'insert', 'update', 'remove', 'listCollections', 'listIndexes', 'collStats'];
  const privileges = [{ resource: { db: 'guarded', collection: '' }, actions }];
  await admin.command({ createRole: 'notFollowing', privileges, roles: [] });
  const roles = ['notFollowing', { role: 'readWrite', db: 'keyport_ledger' }];
  await admin.command({ createUser: 'guarded', pwd: 'guarded-secret', roles });
  const { port } = new URL(system.servers.mongodbUrl);
  return `mongodb://guarded:guarded-secret@localhost:${port}/guarded?authSource=admin`;
}

beforeAll(async () => {
  system = await RecordsSystem.start(0);
  team = await TeamMongod.start({ checkpointSeconds: 1 });
  const sources = { erp: team.url('erp'), guarded: await guarded() };
  env = { KEYPORT_SOURCES: JSON.stringify(sources), RECORDS_CHANGES_LEASE_SECONDS: '1' };
  processes = await Promise.all([system.startService(env), system.startService(env)]);
});

afterAll(async () => {
  await Promise.all([system?.stop(), team?.stop()]);
});

const change = (name: string, wanted: Omit<RequestInput<typeof changeDataset>, 'name'>) =>
  system.bus.ask('gateway', changeDataset, { name, ...wanted });

/** A tracked dataset, and a copy of it that was read. */
async function copied(name: string, rows: BSON.Document[] = []): Promise<DatasetCopy> {
  await system.dataset(name, { trackChanges: true });
  if (rows.length > 0) await system.write(name, rows);
  return copyOf(name);
}

async function copyOf(name: string): Promise<DatasetCopy> {
  const copy = new DatasetCopy(system.bus, name);
  await copy.read();
  return copy;
}

/** A tracked dataset in a collection of the team's. */
async function mapped(name: string): Promise<{ collection: mongo.Collection; copy: DatasetCopy }> {
  const collection = team.db('erp').collection(name);
  await collection.insertMany([{ _id: 1 as never }, { _id: 2 as never }]);
  await system.dataset(name, { mapping: { source: 'erp', collection: name }, trackChanges: true });
  return { collection, copy: await copyOf(name) };
}

const definitionOf = async (name: string) =>
  (await system.database.collection<DatasetDefinition>('datasets').findOne({ _id: name })) as DatasetDefinition;

const streams = () => system.database.collection<ChangeStreamState>('changeStreams');
const marks = () => team.db('keyport_ledger').collection('changeMarks');
const upsert = (dataset: string, ...rows: BSON.Document[]) =>
  system.write(dataset, rows, { mode: 'upsert', hasOwnIds: false });
const remove = (dataset: string, ...rows: BSON.Document[]) =>
  system.write(dataset, rows, { mode: 'delete', hasOwnIds: false });

/** Follows the team's database as another process would, and lets the others go on after that. */
async function takeOver(meanwhile: () => Promise<unknown>): Promise<void> {
  const leaseUntil = new Date(Date.now() + 600_000);
  await streams().updateOne({ _id: 'source:erp' }, { $inc: { fence: 1 }, $set: { leaseUntil } });
  await meanwhile();
  await streams().updateOne({ _id: 'source:erp' }, { $set: { leaseUntil: new Date(0) } });
}

/** Until the oplog holds nothing of before. */
async function overrunOplog(): Promise<void> {
  const [rows, oplog] = [team.db('filler').collection('rows'), team.db('local').collection('oplog.rs')];
  const endmost = async (end: 1 | -1) => (await oplog.find().sort({ $natural: end }).limit(1).next())?.ts as Timestamp;
  const newest = await endmost(-1);
  const text = Buffer.alloc(4_000_000, 'x');
  for (let n = 0; n < 30; n += 1) await rows.insertOne({ text });
  await eventually(
    async () => {
      await rows.insertOne({ text });
      return endmost(1);
    },
    (oldest) => oldest.toBigInt() > newest.toBigInt(),
  );
}

describe('the first cursor', () => {
  it('comes with a whole read of a tracked dataset alone', async () => {
    await system.dataset('untracked');
    await system.write('untracked', [{ _id: 1 }]);
    await copied('whole', [{ _id: 1 }, { _id: 2 }]);
    const scan = (dataset: string, more: object = {}, authority?: string) =>
      system.bus.ask('export', scanRecords, { dataset, ...more }, authority ? { authority } : {});

    const first = await scan('whole', { maxBytes: 1 });
    const second = await scan('whole', { maxBytes: 1, cursor: first.next });

    expect(typeof first.since).toBe('string');
    expect([second.since, (await scan('untracked')).since]).toEqual([undefined, undefined]);
    expect((await scan('whole', { limit: 10 })).since).toBeUndefined();
    expect((await scan('whole', {}, await system.bus.limited({ filter: { a: 1 } }))).since).toBeUndefined();
    expect((await scan('whole', {}, await system.bus.limited({ fields: ['a'] }))).since).toBeUndefined();
    expect(typeof (await scan('whole', {}, await system.bus.limited({ fields: ['_id'] }))).since).toBe('string');
  });
});

describe('an increment', () => {
  it('gives records as they are now, in the order of their changes, and what stands for those that are gone', async () => {
    const copy = await copied('ordered', [{ _id: 1, a: 1 }, { _id: 2 }, { _id: 3 }]);

    await upsert('ordered', { _id: 3, a: 3 }, { _id: 4, a: 4 });
    await remove('ordered', { _id: 2 });
    await upsert('ordered', { _id: 3, a: 33 });

    expect(await copy.update()).toEqual([
      '{"_id":{"$numberInt":"4"},"a":{"$numberInt":"4"}}',
      '{"$deleted":true,"_id":{"$numberInt":"2"}}',
      '{"_id":{"$numberInt":"3"},"a":{"$numberInt":"33"}}',
    ]);
    expect(await copy.update()).toEqual([]);
  });

  it('has everything that was acknowledged before it was asked for, every time', async () => {
    const copy = await copied('acknowledged');

    for (let n = 1; n <= 10; n += 1) {
      await system.write('acknowledged', [{ _id: n }]);
      expect(await copy.update()).toEqual([`{"_id":{"$numberInt":"${n}"}}`]);
    }
  });

  it('gives the fields that were asked for, or allowed, and always the _id', async () => {
    const copy = await copied('fields');
    await upsert('fields', { _id: 1, a: 1, b: 2 });
    const limited = new DatasetCopy(system.bus, 'fields', await system.bus.limited({ fields: ['_id', 'b'] }));
    limited.since = copy.since;

    expect(await copy.update({ fields: ['a'] })).toEqual(['{"_id":{"$numberInt":"1"},"a":{"$numberInt":"1"}}']);
    expect(await limited.update()).toEqual(['{"_id":{"$numberInt":"1"},"b":{"$numberInt":"2"}}']);
  });

  it('has pages that end before large records', async () => {
    const copy = await copied('large');
    const text = 'x'.repeat(3_000_000);
    for (let n = 1; n <= 6; n += 1) await system.write('large', [{ _id: n, text }]);
    await system.write('large', [{ _id: 7 }]);

    const taken = await copy.update({ maxBytes: 1024 * 1024 });

    expect(taken.map((record) => (JSON.parse(record) as { _id: { $numberInt: string } })._id.$numberInt)).toEqual(
      Array.from({ length: 7 }, (_, index) => String(index + 1)),
    );
  });

  it('is refused by name', async () => {
    const copy = await copied('refusing');
    const other = await copied('other-cursor');
    await system.dataset('never-tracked');
    const ask = (dataset: string, since: string, authority?: string) =>
      codeOf(system.bus.ask('export', readChanges, { dataset, from: { since } }, authority ? { authority } : {}));

    expect(await ask('never-tracked', copy.since)).toBe('CHANGES_NOT_TRACKED');
    expect(await ask('refusing', other.since)).toBe('CURSOR_EXPIRED');
    expect(await ask('refusing', 'nonsense')).toBe('CURSOR_INVALID');
    expect(await ask('refusing', `${copy.since.slice(0, -2)}AA`)).toBe('CURSOR_INVALID');
    expect(await ask('nowhere', copy.since)).toBe('DATASET_NOT_FOUND');
    expect(await ask('refusing', copy.since, await system.bus.caller('records:read:other'))).toBe('INSUFFICIENT_SCOPE');
    expect(await ask('refusing', copy.since, await system.bus.limited({ filter: { a: 1 } }))).toBe(
      'CHANGES_NOT_ALLOWED',
    );
    expect(await ask('refusing', copy.since, await system.bus.limited({ fields: ['a'] }))).toBe('FIELD_NOT_ALLOWED');
    expect(await ask('refusing', copy.since)).toBe('none');
  });
});

describe('a stream of changes', () => {
  it('is one a database, however many datasets there are, and another process goes on with it', async () => {
    const { copy } = await mapped('followed');
    await copied('followed-too');
    const openStreams = async () => {
      const admin = system.database.getClient().db('admin');
      const pipeline = [{ $currentOp: { allUsers: true, idleCursors: true } }];
      const found = await admin.aggregate(pipeline, { readConcern: 'local' }).toArray();
      return found.filter((operation) => JSON.stringify(operation).includes('"$changeStream"')).length;
    };
    await eventually(openStreams, (count) => count === 1);
    const holder = (await streams().findOne({ _id: 'source:erp' }))?.holder;

    const killed = processes.find(({ pid }) => holder?.includes(`/${pid}/`)) as ServiceProcess;
    await killed.end('SIGKILL');
    await team
      .db('erp')
      .collection('followed')
      .deleteOne({ _id: 1 as never });

    expect(await copy.update()).toEqual(['{"$deleted":true,"_id":{"$numberInt":"1"}}']);
    expect((await streams().findOne({ _id: 'source:erp' }))?.holder).not.toBe(holder);
    processes = [...processes.filter((process) => process !== killed), await system.startService(env)];
  });
});

describe('a cursor', () => {
  it.each([
    ['is dropped', (collection: mongo.Collection) => collection.drop()],
    ['is renamed', (collection: mongo.Collection) => collection.rename(`${collection.collectionName}-old`)],
    [
      'is replaced by another one',
      async ({ collectionName }: mongo.Collection) => {
        await team.db('erp').collection('instead').insertOne({ a: 1 });
        await team.db('erp').collection('instead').rename(collectionName, { dropTarget: true });
      },
    ],
    ['is dropped with its database', () => team.db('erp').dropDatabase()],
  ])('expires where the collection %s, and what is read anew is followed again', async (what, end) => {
    const { collection, copy } = await mapped(`ended-${what.replaceAll(' ', '-')}`);

    await end(collection);

    expect(await codeOf(copy.update())).toBe('CURSOR_EXPIRED');
    await copy.read();
    await collection.insertOne({ _id: 7 as never });
    expect(await copy.update()).toEqual(['{"_id":{"$numberInt":"7"}}']);
  });

  it.each([
    [
      'is ahead of its deployment',
      () => {
        const position = new Timestamp({ t: Math.floor(Date.now() / 1000) + 100_000, i: 1 });
        return streams().updateOne({ _id: 'source:erp' }, { $set: { position } });
      },
    ],
    ['is older than the oplog', overrunOplog],
    ['is of another deployment', () => marks().deleteOne({})],
    // Whoever asks meanwhile leaves marks.
    ['is of later than its deployment, which was restored', () => marks().updateOne({}, { $inc: { count: -10_000 } })],
  ])('expires where it %s', async (what, happen) => {
    const { collection, copy } = await mapped(`lost-${what.replaceAll(/\W/g, '-')}`);

    await takeOver(happen);
    // Until it is followed again, nobody knows; on a slow machine that may last longer than anyone waits.
    const code = await eventually(
      () => codeOf(copy.update()),
      (refusal) => !['none', 'CHANGES_BEHIND', 'SERVICE_TIMEOUT'].includes(refusal),
    );

    expect(code).toBe('CURSOR_EXPIRED');
    await copy.read();
    await collection.deleteOne({ _id: 2 as never });
    expect(await copy.update()).toEqual(['{"$deleted":true,"_id":{"$numberInt":"2"}}']);
  });

  it('expires with the changes behind it, and not before', async () => {
    const copy = await copied('swept');
    const old = copy.since;
    await system.write('swept', [{ _id: 1 }, { _id: 2 }]);
    await copy.update();
    const histories = new ChangeHistories(system.database, new RetiredCollections(system.database));
    const sweeper = new ChangeSweeper(histories, { keepMs, leaseMs: 1_000 });
    const { history } = await definitionOf('swept');
    const kept = () => system.database.collection(changesNameOf(history?.id ?? '')).countDocuments();

    await sweeper.sweep(Date.now() + keepMs - 3_600_000);
    const before = await kept();
    await sweeper.sweep(Date.now() + keepMs + 3_600_000);

    expect([before, await kept()]).toEqual([2, 0]);
    expect(await copy.update()).toEqual([]);
    copy.since = old;
    expect(await codeOf(copy.update())).toBe('CURSOR_EXPIRED');
  });

  it('expires with the key of an empty dataset, and with tracking', async () => {
    const copy = await copied('rekeyed');
    await system.bus.ask('gateway', putDataset, { name: 'rekeyed', key: ['a'] });
    const rekeyed = await codeOf(copy.update());
    await copy.read();
    await system.write('rekeyed', [{ _id: 1, a: 1 }]);

    expect(rekeyed).toBe('CURSOR_EXPIRED');
    expect(await copy.update()).toHaveLength(1);
    await change('rekeyed', { trackChanges: false });
    expect(await codeOf(copy.update())).toBe('CHANGES_NOT_TRACKED');
    await change('rekeyed', { trackChanges: true });
    expect(await codeOf(copy.update())).toBe('CURSOR_EXPIRED');
  });
});

describe('tracking', () => {
  it('is switched by a change, by a put and when the dataset is made', async () => {
    await system.dataset('switched', { trackChanges: true });
    expect(await system.describe('switched')).toMatchObject({ trackChanges: true });

    expect((await change('switched', { trackChanges: false })).dataset).toMatchObject({ trackChanges: false });
    expect((await change('switched', { schema: {} })).dataset).toMatchObject({ trackChanges: false });
    const put = await system.bus.ask('gateway', putDataset, { name: 'switched', trackChanges: true });
    expect(put.dataset).toMatchObject({ trackChanges: true, schema: {} });
    expect((await change('switched', { schema: null })).dataset).toMatchObject({ trackChanges: true, schema: null });
    expect(await codeOf(change('not-there', { trackChanges: true }))).toBe('DATASET_NOT_FOUND');
  });

  it('is refused at once in a source whose user may not follow it', async () => {
    await system.database.getClient().db('guarded').collection('rows').insertOne({ a: 1 });
    await system.dataset('guarded', { mapping: { source: 'guarded', collection: 'rows' } });

    expect(await codeOf(change('guarded', { trackChanges: true }))).toBe('SOURCE_UNAVAILABLE');
    expect(await system.describe('guarded')).toMatchObject({ trackChanges: false });
  });

  it('leaves nothing behind when it ends, or the dataset', async () => {
    // Nothing is left to be kept, which would make a collection again once it was dropped.
    for (const name of ['left', 'deleted']) await (await copied(name, [{ _id: 1 }])).update();
    const names = await Promise.all(
      ['left', 'deleted'].map(async (name) => changesNameOf((await definitionOf(name)).history?.id ?? '')),
    );
    const there = async () =>
      (await system.database.db?.listCollections({ name: { $in: names } }).toArray())?.map(({ name }) => name);
    expect(await there()).toHaveLength(2);

    await change('left', { trackChanges: false });
    await system.remove('deleted');

    expect(await there()).toEqual([]);
  });
});
