import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buckets, deleteDataset, putDataset, readPage, type Export } from '@keyport/contracts';
import { openBucket } from '@keyport/messaging';
import { codeOf, eventually, TeamMongod, type ServiceProcess } from '@keyport/testing';
import { ann, digestOf, ExportSystem } from '../harness/export-system.ts';
import { orders } from '../harness/documents.ts';
import { readPages } from '../harness/read-pages.ts';
import { storeOrders } from '../harness/store-orders.ts';

const orderCount = 100_000;

let system: ExportSystem;
let records: ServiceProcess;
let exporter: ServiceProcess;
/** A deployment of the team's own. */
let team: TeamMongod;
let sources: Record<string, string>;

beforeAll(async () => {
  system = await ExportSystem.start();
  team = await TeamMongod.start();
  sources = { KEYPORT_SOURCES: JSON.stringify({ erp: team.url('erp') }) };
  [records, exporter] = await Promise.all([system.servers.service('records', sources), startExport()]);
  await fill('orders');
});

afterAll(async () => {
  await Promise.all([system?.stop(), team?.stop()]);
});

const startExport = () => system.startExport({ EXPORT_LEASE_SECONDS: '2' });

async function fill(dataset: string): Promise<void> {
  await system.ask(putDataset, { name: dataset });
  await storeOrders(system.mongodb.useDb('records'), dataset, orderCount);
}

interface Midway {
  /** What the export cannot go on without is taken from it. */
  readonly stop: () => Promise<unknown> | void;
  /** Gives it back. */
  readonly goOn: () => Promise<unknown> | void;
}

/**
 * An export of which a part is stored, and far more is left than its process has read by now: asked once it was stopped,
 * since until then nothing holds it up. Where more is done by then, another one is made.
 */
async function stoppedMidway(make: () => Promise<Export>, { stop, goOn }: Midway, count = orderCount): Promise<Export> {
  const exports = system.database.collection('exports');
  for (;;) {
    const job = await make();
    await eventually(
      () => system.get(job.id),
      ({ bytes }) => bytes > 0,
    );
    await stop();
    const stored = await exports.findOne({ _id: job.id as never });
    if (stored?.['state'] === 'running' && Number(stored['written']) <= count / 2) return job;
    await goOn();
  }
}

const killedRecords: Midway = {
  stop: () => records.end('SIGKILL'),
  goOn: async () => (records = await system.servers.service('records', sources)),
};
const killedExport: Midway = {
  stop: () => exporter.end('SIGKILL'),
  goOn: async () => (exporter = await startExport()),
};
const frozenRecords: Midway = { stop: () => records.freeze(), goOn: () => records.thaw() };
const frozenExport: Midway = { stop: () => exporter.freeze(), goOn: () => exporter.thaw() };

async function revoke(jti: string): Promise<void> {
  const revocations = await openBucket(await system.servers.connectionOf('auth'), buckets.revocations);
  await revocations.put(`jti.${jti}`, JSON.stringify({ revokedAt: Date.now(), expiresAt: null }));
}

describe('an export from records itself', () => {
  it('has every record, also when records was killed and started again midway', async () => {
    const streamed = (await readPages(system.gateway, ann, 'orders', {})).join('');
    const job = await stoppedMidway(() => system.create('orders'), killedRecords);

    await killedRecords.goOn();

    const done = await system.ended(job);
    expect(done).toMatchObject({ state: 'completed', counts: { written: orderCount }, digest: digestOf(streamed) });
  });

  it('of what changed goes on in another process, and names where the next one begins', async () => {
    const name = 'followed';
    const changed = 30_000;
    await system.ask(putDataset, { name, trackChanges: true });
    const database = system.mongodb.useDb('records');
    await storeOrders(database, name, changed + 1_000);
    const withCursor = ({ since }: Export) => since !== null;
    // So many changes may take a moment to be taken up.
    const accepted = async (since: string | null): Promise<Export> => {
      const asked = () => system.create(name, { since: since ?? '' }).catch(() => undefined);
      return (await eventually(asked, (job) => job !== undefined)) as Export;
    };
    // Right after tracking began there may be no cursor yet, or one of before all was taken up.
    const whole = await eventually(async () => system.completed(await system.create(name)), withCursor);
    const settled = await system.completed(await accepted(whole.since));
    const definition = await database.collection('datasets').findOne({ _id: name as never });
    const collection = database.collection(String(definition?.collectionName));
    await collection.updateMany({ number: { $lt: changed } }, { $set: { paid: null } });

    const job = await stoppedMidway(() => accepted(settled.since), killedExport, changed);
    await killedExport.goOn();
    const done = await system.completed(job);
    const rows = String(await system.download(job.id))
      .trimEnd()
      .split('\n');
    const next = await system.completed(await accepted(done.since));

    expect([whole, done, next].map(({ counts }) => counts.written)).toEqual([changed + 1_000, changed, 0]);
    expect(new Set(rows).size).toBe(changed);
    expect(rows.every((row) => row.includes('"paid":null'))).toBe(true);
    expect(withCursor(next)).toBe(true);
  });

  it('fails when the token that started it is revoked midway', async () => {
    const jti = randomUUID();
    const job = await stoppedMidway(() => system.create('orders', {}, { ...ann, jti }), frozenRecords);

    await revoke(jti);
    records.thaw();

    expect(await system.ended(job)).toMatchObject({ state: 'failed', error: { code: 'RIGHTS_LOST' }, digest: null });
  });

  it('fails when the dataset is deleted midway', async () => {
    await fill('doomed');
    const job = await stoppedMidway(() => system.create('doomed'), frozenExport);

    await system.ask(deleteDataset, { name: 'doomed' });
    exporter.thaw();

    expect(await system.ended(job)).toMatchObject({ state: 'failed', error: { code: 'DATASET_NOT_FOUND' } });
  });

  it.each([
    ['dropped', 0],
    ['dropped and made anew', 10],
  ])('fails when its mapped collection is %s midway, and has no file', async (how, count) => {
    const name = how.replaceAll(' ', '-');
    const collection = team.db('erp').collection(name);
    for (let from = 0; from < orderCount; from += 20_000) await collection.insertMany(orders(20_000, from));
    await system.ask(putDataset, { name, mapping: { source: 'erp', collection: name } });
    const fields = ['number', 'note', 'customer'];
    const job = await stoppedMidway(() => system.create(name, { format: 'csv', fields }), frozenRecords);

    await collection.drop();
    if (count > 0) await collection.insertMany(orders(count));
    records.thaw();

    const ended = await system.ended(job);
    expect(ended).toMatchObject({ state: 'failed', digest: null, error: { code: 'COLLECTION_REPLACED' } });
    expect(await codeOf(system.download(job.id))).toBe('EXPORT_NOT_READY');
    await system.untilFreed(job.id);
  });

  it('never takes the columns from one dataset and the rows from another of the same name', async () => {
    const name = 'columns';
    const authority = await system.gateway.contextFor(ann);
    const first = { kind: 'first', dataset: name, selection: { format: 'csv' } } as const;
    await system.ask(putDataset, { name });
    await storeOrders(system.mongodb.useDb('records'), name, 10);
    const [told] = await Array.fromAsync(system.gateway.requester.stream(readPage, first, { authority }));
    const cursor = told && 'next' in told ? (told.next ?? '') : '';

    await system.ask(deleteDataset, { name });
    await system.ask(putDataset, { name });

    const second = { kind: 'next', dataset: name, cursor } as const;
    const read = Array.fromAsync(system.gateway.requester.stream(readPage, second, { authority }));
    await expect(read).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND' });
  });
});
