import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { putDataset, type Export, type ExportFormat } from '@keyport/contracts';
import { codeOf, eventually, type ServiceProcess } from '@keyport/testing';
import { BSON, Int32 } from 'bson';
import type { mongo } from 'mongoose';
import { ann, digestOf, ExportSystem } from '../harness/export-system.ts';
import { readPages, type Selection } from '../harness/read-pages.ts';
import { writePage } from '../writing/write-page.ts';

let system: ExportSystem;
let exporting: ServiceProcess;

beforeAll(async () => {
  system = await ExportSystem.start();
  [, exporting] = await Promise.all([system.servers.service('records'), system.startExport()]);
});

afterAll(() => system.stop());

async function stored(dataset: string, documents: readonly BSON.Document[]): Promise<mongo.Collection> {
  await system.ask(putDataset, { name: dataset });
  const records = system.mongodb.useDb('records');
  const definition = await records.collection('datasets').findOne({ _id: dataset as never });
  const collection = records.collection(String(definition?.collectionName));
  for (const document of documents) await collection.insertOne({ ...document });
  return collection;
}

const textOf = (documents: readonly BSON.Document[], format: ExportFormat, ejson: 'relaxed' | 'canonical') => {
  const bson = Buffer.concat(documents.map((document) => BSON.serialize(document)));
  const columns = ['_id', 'text', 'list'];
  const page = { documents: bson, count: documents.length };
  return writePage({ format, ejson, columns }, page, { isFirst: true, isLast: true });
};

/** An export whose process is killed once it has stored more than so many bytes, and not all: else another one is made. */
async function killedMidway(make: () => Promise<Export>, stored: number): Promise<Export> {
  const exports = system.database.collection('exports');
  for (;;) {
    const job = await make();
    await eventually(
      () => system.get(job.id),
      ({ bytes }) => bytes > stored,
    );
    await exporting.end('SIGKILL');
    const left = await exports.findOne({ _id: job.id as never });
    if (left?.['state'] === 'running') return job;
    exporting = await system.startExport();
  }
}

/** Larger than a message of 8 MB. */
const large = [
  { _id: new Int32(1), text: '\u0001 and more text'.repeat(550_000) },
  {
    ...{ _id: new Int32(3), text: 'é' },
    list: Array.from({ length: 80_000 }, (_, index) => ({ n: new Int32(index), text: '"x"'.repeat(30) })),
  },
  { _id: 'last', text: 'abcdefgh'.repeat(1_000_000) },
];
const small = { _id: new Int32(2), text: 'small' };
const documents = [large[0], small, large[1], large[2]] as BSON.Document[];

describe('an export of documents that no message carries', () => {
  beforeAll(async () => {
    await stored('large', documents);
  });

  it.each([
    ['ndjson', 'relaxed'],
    ['ndjson', 'canonical'],
    ['json', 'relaxed'],
    ['csv', 'relaxed'],
    ['tsv', 'relaxed'],
  ] as const)('is whole as %s (%s), by pages that are not larger than others and as a file', async (format, ejson) => {
    const expected = digestOf(textOf(documents, format, ejson));

    const pages = await readPages(system.gateway, ann, 'large', { format, ejson });
    const job = await system.completed(await system.create('large', { format, ejson }));

    expect(digestOf(pages.join(''))).toBe(expected);
    expect(Math.max(...pages.map((page) => Buffer.byteLength(page)))).toBeLessThan(3_000_000);
    expect(job).toMatchObject({ digest: expected, counts: { written: documents.length } });
  });

  it('ends where its limit says, within and behind a large one', async () => {
    for (const limit of [1, 3]) {
      const pages = await readPages(system.gateway, ann, 'large', { format: 'json', limit });

      const expected = textOf(documents.slice(0, limit), 'json', 'relaxed');
      expect(digestOf(pages.join(''))).toBe(digestOf(expected));
    }
  });

  it('goes on in the middle of a document when its process was killed there, with the same bytes', async () => {
    const job = await killedMidway(() => system.create('large'), 4_000_000);

    exporting = await system.startExport();

    const done = await system.completed(job);
    expect(done.digest).toBe(digestOf(textOf(documents, 'ndjson', 'relaxed')));
  });
});

describe('an export with snapshot', () => {
  const before = Array.from({ length: 30_000 }, (_, index) => ({ _id: new Int32(index), text: 'x'.repeat(400) }));
  let collection: mongo.Collection;

  beforeAll(async () => {
    collection = await stored('moment', []);
    await collection.insertMany(before as never[]);
  });

  const changeEverything = async () => {
    await collection.deleteMany({ _id: { $gte: 29_000 } as never });
    await collection.updateMany({}, { $set: { text: 'changed' } });
    await collection.insertMany([{ _id: -1 as never }, { _id: 1_000_000 as never }]);
  };

  it.each([
    ['ndjson', {}],
    ['csv, whose columns are collected by a pass of their own', { format: 'csv' }],
  ] as [string, Selection][])('is the dataset as it was at its first page: %s', async (_what, selection) => {
    await collection.deleteMany({});
    await collection.insertMany(before as never[]);
    const format = selection.format ?? 'ndjson';
    const columns = ['_id', 'text'];
    const page = { documents: Buffer.concat(before.map((one) => BSON.serialize(one))), count: before.length };
    const expected = writePage({ format, ejson: 'relaxed', columns }, page, { isFirst: true, isLast: true });

    const pages = await readPages(system.gateway, ann, 'moment', { ...selection, snapshot: true }, changeEverything);

    expect(digestOf(pages.join(''))).toBe(digestOf(expected));
    expect(pages.length).toBeGreaterThan(5);
  });

  /** A job that has stored a part when its process is killed and everything changed. */
  async function interrupted() {
    await collection.deleteMany({});
    await collection.insertMany(before as never[]);
    const job = await killedMidway(() => system.create('moment', { snapshot: true }), 0);
    await changeEverything();
    return job;
  }

  it('goes on with the same state when its process was killed', async () => {
    const job = await interrupted();

    exporting = await system.startExport();

    const page = { documents: Buffer.concat(before.map((one) => BSON.serialize(one))), count: before.length };
    const expected = writePage({ format: 'ndjson', ejson: 'relaxed' }, page, { isFirst: true, isLast: true });
    expect((await system.completed(job)).digest).toBe(digestOf(expected));
  });

  it('fails with a clear code where that state is gone', async () => {
    const job = await interrupted();
    const keepFor = (seconds: number) =>
      system.mongodb.useDb('admin').db?.command({ setParameter: 1, minSnapshotHistoryWindowInSeconds: seconds });
    await keepFor(0);
    const isGone = await laterState(collection);
    await eventually(isGone, (code) => code === 239);

    exporting = await system.startExport();
    const ended = await system.ended(job);
    await keepFor(300);

    expect(ended).toMatchObject({ state: 'failed', error: { code: 'SNAPSHOT_GONE' }, digest: null });
    expect(await codeOf(system.create('moment', { snapshot: true }))).toBe('none');
  });
});

/** Tells the error that a read of the state of now meets later: what is older is gone then too. */
async function laterState(collection: mongo.Collection): Promise<() => Promise<unknown>> {
  const db = system.mongodb.useDb('records').db;
  const find = { find: collection.collectionName, limit: 1 };
  const reply = await db?.command({ ...find, readConcern: { level: 'snapshot' } });
  const { atClusterTime } = (reply as { cursor: { atClusterTime: BSON.Timestamp } }).cursor;
  return async () => {
    await collection.insertOne({});
    const read = db?.command({ ...find, readConcern: { level: 'snapshot', atClusterTime } });
    return read?.then(
      () => undefined,
      (error: { code?: number }) => error.code,
    );
  };
}
