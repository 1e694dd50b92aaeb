import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createExport,
  deleteExport,
  getExport,
  listExports,
  readExportFile,
  type Export,
  type ReplyOf,
  type RequestContract,
  type RequestInput,
} from '@keyport/contracts';
import { connectMongo } from '@keyport/mongo';
import type { Connection } from 'mongoose';
import type { ChildService } from '../harness/child-service.ts';
import { orders } from '../harness/documents.ts';
import { readPages, type Selection } from '../harness/read-pages.ts';
import { RecordsDouble } from '../harness/records-double.ts';
import { TestSystem, until } from '../harness/test-system.ts';

/** Far more than one stored batch. */
const orderCount = 60_000;
const keepSeconds = { EXPORT_KEEP_SECONDS: '3600' };

let system: TestSystem;
let records: RecordsDouble;
let mongodb: Connection;
let database: Connection;
let ann: string;
let undisturbed: Export;
let running: ChildService[] = [];

const callerAnn = () => system.gateway.caller('ann', ['exports:create:*', 'records:read:*']);

const startExport = async (env: Record<string, string> = keepSeconds) => {
  const service = await system.service('export', env);
  running.push(service);
  return service;
};

beforeAll(async () => {
  system = await TestSystem.start();
  records = await RecordsDouble.connect(system.servers.envOf('records'));
  records.datasets.set('orders', { documents: orders(orderCount) });
  records.datasets.set('small', { documents: orders(10) });
  mongodb = await connectMongo(system.servers.mongodbUrl);
  database = mongodb.useDb('export');
  ann = await callerAnn();
  const service = await startExport();
  undisturbed = await completed(await create('orders', {}));
  await service.end('SIGTERM');
});

afterAll(async () => {
  await mongodb.close();
  await records.close();
  await system.stop();
});

beforeEach(async () => {
  // A caller context lives for a minute.
  ann = await callerAnn();
  records.scans = 0;
  records.refuse = () => undefined;
  records.gate = () => Promise.resolve();
});

afterEach(async () => {
  await Promise.all(running.map((service) => service.end('SIGKILL')));
  running = [];
});

function ask<C extends RequestContract>(contract: C, request: RequestInput<C>, authority = ann): Promise<ReplyOf<C>> {
  return system.gateway.requester.request(contract, request, { authority, retryForMs: 10_000 });
}

const create = (dataset: string, selection: Selection) => ask(createExport, { dataset, ...selection });
const get = (exportId: string, authority?: string) => ask(getExport, { exportId }, authority);
const hasEnded = ({ state }: Export) => state !== 'queued' && state !== 'running';
const ended = ({ id }: Export) => until(() => get(id), hasEnded);

async function completed(job: Export): Promise<Export> {
  const done = await ended(job);
  expect(done).toMatchObject({ state: 'completed' });
  return done;
}

async function download(exportId: string, authority = ann): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for (let offset = 0; ;) {
    const { bytes } = await ask(readExportFile, { exportId, offset, length: 1024 * 1024 }, authority);
    if (bytes.length === 0) return Buffer.concat(pieces);
    pieces.push(bytes);
    offset += bytes.length;
  }
}

const digestOf = (file: Uint8Array) => `sha-256=:${createHash('sha256').update(file).digest('base64')}:`;
const partsOf = (exportId: string) => database.collection('parts').countDocuments({ exportId });
const codeOf = (asking: Promise<unknown>) =>
  asking.then(
    () => 'none',
    (error: { code?: unknown }) => error.code,
  );

/** Scans from the n-th on wait until the function is called. */
function holdScansFrom(first: number): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  records.gate = (scan) => (scan < first ? Promise.resolve() : promise);
  return () => {
    records.gate = () => Promise.resolve();
    resolve();
  };
}

const untilScan = (scan: number) => until(() => records.scans, (scans) => scans >= scan);

describe('an export', () => {
  it('ends as a file with the bytes that the streaming route gives', async () => {
    await startExport();
    const job = await completed(await create('orders', { format: 'csv' }));

    const file = await download(job.id);
    const streamed = await readPages(system.gateway, ann, 'orders', { format: 'csv' });

    expect(file.equals(Buffer.from(streamed.join('')))).toBe(true);
    expect(job).toMatchObject({
      ...{ dataset: 'orders', format: 'csv', counts: { written: orderCount }, bytes: file.length },
      digest: digestOf(file),
    });
    expect(Date.parse(job.expiresAt ?? '') - Date.parse(job.finishedAt ?? '')).toBe(3_600_000);
  });

  it('gives any range of its file', async () => {
    await startExport();
    const file = await download(undisturbed.id);
    const read = (offset: number, length: number) => ask(readExportFile, { exportId: undisturbed.id, offset, length });

    const ranges = [[0, 1], [1, 3_000_000], [1024 * 1024 - 5, 10], [file.length - 3, 100], [file.length, 5]] as const;
    for (const [offset, length] of ranges) {
      const { bytes } = await read(offset, length);
      const wanted = file.subarray(offset, offset + Math.min(length, 1024 * 1024));
      expect(Buffer.compare(bytes, wanted)).toBe(0);
    }
  });

  it('of an empty dataset is an empty file, or an empty array', async () => {
    records.datasets.set('empty', { documents: [] });
    await startExport();

    const ndjson = await completed(await create('empty', {}));
    const json = await completed(await create('empty', { format: 'json' }));

    expect(ndjson).toMatchObject({ bytes: 0, digest: digestOf(Buffer.alloc(0)), counts: { written: 0 } });
    expect((await download(json.id)).toString()).toBe('[]');
  });

  it('is refused where the dataset is not there or the right is missing', async () => {
    await startExport();
    const reader = await system.gateway.caller('bob', ['records:read:*', 'exports:read:*']);

    expect(await codeOf(create('nowhere', {}))).toBe('DATASET_NOT_FOUND');
    expect(await codeOf(ask(createExport, { dataset: 'small' }, reader))).toBe('INSUFFICIENT_SCOPE');
  });
});

describe('an export whose process is killed', () => {
  it('is finished by another one with the same bytes', async () => {
    const victim = await startExport();
    const release = holdScansFrom(13);
    const job = await create('orders', {});
    await untilScan(13);
    await until(() => partsOf(job.id), (parts) => parts > 0);

    await victim.end('SIGKILL');
    await startExport();
    release();

    const done = await completed(job);
    expect(done).toMatchObject({ digest: undisturbed.digest, bytes: undisturbed.bytes, counts: undisturbed.counts });
    expect(digestOf(await download(job.id))).toBe(undisturbed.digest);
  });

  it('is finished also when columns were still being collected', async () => {
    const victim = await startExport();
    const release = holdScansFrom(8);
    const job = await create('orders', { format: 'tsv' });
    await untilScan(8);

    await victim.end('SIGKILL');
    await startExport();
    release();

    const streamed = await readPages(system.gateway, ann, 'orders', { format: 'tsv' });
    expect((await completed(job)).digest).toBe(digestOf(Buffer.from(streamed.join(''))));
  });

  it('is taken over at once where the process ended in order', async () => {
    const leaving = await startExport();
    const release = holdScansFrom(13);
    const job = await create('orders', {});
    await untilScan(13);

    await leaving.end('SIGTERM');
    const left = await database.collection('exports').findOne({ _id: job.id as never });
    release();

    expect(left).toMatchObject({ lease: null, state: 'running' });
    await startExport();
    expect((await completed(job)).digest).toBe(undisturbed.digest);
  });

  it.each(['mongod', 'nats'] as const)('goes on when %s was killed', async (server) => {
    await startExport();
    const release = holdScansFrom(13);
    const job = await create('orders', {});
    await untilScan(13);
    const { [server]: process_ } = system.servers.processes;
    const pid = process_?.pid as number;

    process.kill(pid, 'SIGKILL');
    await until(() => process_?.pid, (now) => now !== undefined && now !== pid);
    release();

    const done = await until(
      () => get(job.id).catch(() => job),
      (found) => hasEnded(found),
    );
    expect(done).toMatchObject({ state: 'completed', digest: undisturbed.digest, bytes: undisturbed.bytes });
  });
});

describe('an export that cannot go on', () => {
  it.each([
    ['RIGHTS_LOST', 'RIGHTS_LOST'],
    ['INSUFFICIENT_SCOPE', 'RIGHTS_LOST'],
    ['DATASET_NOT_FOUND', 'DATASET_NOT_FOUND'],
  ] as const)('fails when records answers %s midway, and frees its parts', async (answer, code) => {
    await startExport();
    records.refuse = (scan) => (scan > 12 ? answer : undefined);

    const job = await ended(await create('orders', {}));

    expect(job).toMatchObject({ state: 'failed', digest: null, error: { code } });
    expect(await codeOf(download(job.id))).toBe('EXPORT_NOT_READY');
    await until(() => partsOf(job.id), (parts) => parts === 0);
  });
});

describe('deleting an export', () => {
  it('stops it while it runs and leaves nothing of it', async () => {
    await startExport();
    const release = holdScansFrom(13);
    const job = await create('orders', {});
    await untilScan(13);
    await until(() => partsOf(job.id), (parts) => parts > 0);

    await ask(deleteExport, { exportId: job.id });
    const scansThen = records.scans;
    release();

    expect(await codeOf(get(job.id))).toBe('EXPORT_NOT_FOUND');
    const other = await completed(await create('small', {}));
    expect(other.counts.written).toBe(10);
    // The other export needs two scans (one at its creation); the deleted one asked for no more.
    expect(records.scans - scansThen).toBeLessThanOrEqual(2);
    expect(await partsOf(job.id)).toBe(0);
  });

  it('makes a completed one disappear', async () => {
    await startExport();
    const job = await completed(await create('small', {}));

    await ask(deleteExport, { exportId: job.id });

    expect(await codeOf(get(job.id))).toBe('EXPORT_NOT_FOUND');
    expect(await codeOf(download(job.id))).toBe('EXPORT_NOT_FOUND');
    expect(await codeOf(ask(deleteExport, { exportId: job.id }))).toBe('EXPORT_NOT_FOUND');
    expect(await partsOf(job.id)).toBe(0);
  });
});

describe('the time of a file', () => {
  it('ends: the export stays as expired and its parts go', async () => {
    await startExport({ EXPORT_KEEP_SECONDS: '1' });
    const job = await completed(await create('small', {}));

    const expired = await until(() => get(job.id), ({ state }) => state !== 'completed');

    expect(expired.state).toBe('expired');
    expect(await codeOf(download(job.id))).toBe('EXPORT_NOT_READY');
    await until(() => partsOf(job.id), (parts) => parts === 0);
  });
});

describe('who sees an export', () => {
  it('is its creator and who may read exports of its dataset', async () => {
    await startExport();
    const { id } = await completed(await create('small', {}));
    const holder = await system.gateway.caller('bob', ['exports:read:sma*']);
    const stranger = await system.gateway.caller('eve', ['exports:read:orders', 'exports:create:*', 'records:read:*']);

    expect((await get(id, holder)).id).toBe(id);
    expect((await download(id, holder)).length).toBeGreaterThan(0);
    expect(await codeOf(get(id, stranger))).toBe('EXPORT_NOT_FOUND');
    expect(await codeOf(download(id, stranger))).toBe('EXPORT_NOT_FOUND');
    expect(await codeOf(ask(deleteExport, { exportId: id }, stranger))).toBe('EXPORT_NOT_FOUND');
    expect(await codeOf(ask(deleteExport, { exportId: id }, holder))).toBe('EXPORT_NOT_FOUND');
  });

  it('sees the same ones in lists, newest first, page by page', async () => {
    await startExport();
    const cat = await system.gateway.caller('cat', ['exports:create:small']);
    const ids: string[] = [];
    for (let count = 0; count < 3; count += 1) ids.unshift((await ask(createExport, { dataset: 'small' }, cat)).id);

    const first = await ask(listExports, { limit: 2 }, cat);
    const second = await ask(listExports, { limit: 2, cursor: first.next ?? undefined }, cat);
    const stranger = await ask(listExports, {}, await system.gateway.caller('eve', ['records:read:*']));

    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(ids);
    expect(second.next).toBeNull();
    expect(stranger.items).toEqual([]);
    expect(await codeOf(ask(listExports, { cursor: 'abc' }, cat))).toBe('CURSOR_INVALID');
  });

  it('never sees the grant or the position in it', async () => {
    await startExport();
    const job = await completed(await create('small', {}));

    expect(Object.keys(job).sort()).toEqual(
      ['bytes', 'counts', 'createdAt', 'dataset', 'digest', 'expiresAt', 'finishedAt', 'format', 'id', 'startedAt', 'state'],
    );
  });
});
