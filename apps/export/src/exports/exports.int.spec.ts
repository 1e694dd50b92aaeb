import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { deleteExport, listExports, readExportFile, type AuthorizationDetail } from '@keyport/contracts';
import { codeOf, eventually, PublishedRights, type Who } from '@keyport/testing';
import { orders } from '../harness/documents.ts';
import { ann, digestOf, ExportSystem } from '../harness/export-system.ts';
import { readPages } from '../harness/read-pages.ts';
import { RecordsDouble } from '../harness/records-double.ts';

/** Far more than one stored batch. */
const orderCount = 24_000;

let system: ExportSystem;
let records: RecordsDouble;
let rights: PublishedRights;

beforeAll(async () => {
  system = await ExportSystem.start();
  records = await RecordsDouble.on(system.servers);
  rights = new PublishedRights(await system.servers.connectionOf('auth'));
  records.fill('orders', orders(orderCount));
  records.fill('small', orders(10));
  records.fill('empty', []);
  await system.startExport({ EXPORT_KEEP_SECONDS: '3600', EXPORT_SWEEP_SECONDS: '1' });
});

afterAll(() => system.stop());

beforeEach(() => records.reset());

/** Someone whose right on every dataset is narrowed. */
const limitedTo = (action: string, limit: Partial<AuthorizationDetail>): Who => ({
  ...{ sub: 'limited', scope: `${action}:*` },
  authorization_details: [{ type: 'keyport_dataset', datasets: ['*'], actions: [action], ...limit }],
});

const exported = async (dataset: string, selection = {}) => system.completed(await system.create(dataset, selection));

describe('an export', () => {
  it('ends as a file with the bytes that the streaming route gives', async () => {
    const job = await exported('orders', { format: 'csv' });

    const file = await system.download(job.id);
    const streamed = await readPages(system.gateway, ann, 'orders', { format: 'csv' });

    expect(file.equals(Buffer.from(streamed.join('')))).toBe(true);
    expect(job).toMatchObject({
      ...{ dataset: 'orders', format: 'csv', counts: { written: orderCount }, bytes: file.length },
      digest: digestOf(file),
    });
    expect(Date.parse(job.expiresAt ?? '') - Date.parse(job.finishedAt ?? '')).toBe(3_600_000);
  });

  it('gives any range of its file', async () => {
    const { id: exportId } = await exported('orders');
    const file = await system.download(exportId);

    const ranges = [
      [0, 1],
      [1, 3_000_000],
      [1024 * 1024 - 5, 10],
      [file.length - 3, 100],
      [file.length, 5],
    ] as const;
    for (const [offset, length] of ranges) {
      const { bytes } = await system.ask(readExportFile, { exportId, offset, length });
      const wanted = file.subarray(offset, offset + Math.min(length, 1024 * 1024));
      expect(Buffer.compare(bytes, wanted)).toBe(0);
    }
  });

  it('of an empty dataset is an empty file, or an empty array', async () => {
    const ndjson = await exported('empty');
    const json = await exported('empty', { format: 'json' });

    expect(ndjson).toMatchObject({ bytes: 0, digest: digestOf(''), counts: { written: 0 } });
    expect((await system.download(json.id)).toString()).toBe('[]');
  });

  it.each([{ format: 'csv' as const }, { format: 'ndjson' as const, compression: 'gzip' as const }])(
    'stores its position more than once also where pages give no bytes: %j',
    async (selection) => {
      records.fill('thin', orders(300));
      records.pageRecords = 1;

      expect(await exported('thin', selection)).toMatchObject({ counts: { written: 300 } });
    },
  );

  it('is refused where its options contradict each other', async () => {
    expect(await codeOf(system.create('small', { format: 'ndjson', types: 'header' }))).toBe('VALIDATION_FAILED');
  });

  it('is refused where the dataset is not there or the right is missing', async () => {
    const reader = { sub: 'bob', scope: 'records:read:* exports:read:*' };

    expect(await codeOf(system.create('nowhere'))).toBe('DATASET_NOT_FOUND');
    expect(await codeOf(system.create('small', {}, reader))).toBe('INSUFFICIENT_SCOPE');
  });
});

describe('an export that cannot go on', () => {
  it('fails where its dataset was made anew before it read a single record', async () => {
    records.fill('renewed', orders(10));
    // The first scan is that of its acceptance, of one record.
    const release = records.holdScans(({ limit }) => limit !== 1);
    const job = await system.create('renewed');
    await records.untilHeld();

    records.fill('renewed', orders(5));
    release();

    expect(await system.ended(job)).toMatchObject({ state: 'failed', error: { code: 'DATASET_NOT_FOUND' } });
  });

  it.each([
    ['RIGHTS_LOST', 'RIGHTS_LOST'],
    ['INSUFFICIENT_SCOPE', 'RIGHTS_LOST'],
    ['DATASET_NOT_FOUND', 'DATASET_NOT_FOUND'],
  ] as const)('fails when records answers %s midway, and frees its parts', async (answer, code) => {
    records.refuse = (scan) => (scan > 6 ? answer : undefined);

    const job = await system.ended(await system.create('orders'));

    expect(job).toMatchObject({ state: 'failed', digest: null, error: { code } });
    expect(await codeOf(system.download(job.id))).toBe('EXPORT_NOT_READY');
    await system.untilFreed(job.id);
  });
});

describe('an export whose rights are taken away', () => {
  /** Milliseconds from the loss of rights to the end of the export. */
  async function endsAfter(key: string): Promise<number> {
    const release = records.holdScansBehind(3_000);
    const fay: Who = { sub: 'fay', key, scope: 'exports:create:orders' };
    const job = await system.create('orders', {}, fay);
    await records.untilHeld();

    await rights.publishCeiling(key, ['records:read:orders']);
    const changedAt = Date.now();
    const done = await system.ended(job, fay);
    release();

    expect(done).toMatchObject({ state: 'failed', digest: null, error: { code: 'RIGHTS_LOST' } });
    await system.untilFreed(job.id);
    return Date.parse(done.finishedAt ?? '') - changedAt;
  }

  it('fails within a second, also while it waits for an answer', async () => {
    let tries = 0;

    // One of several tries at least meets no machine that stands still.
    const tookMs = await eventually(
      () => endsAfter(`cut-${(tries += 1)}`),
      (ms) => ms < 1_000 || tries === 5,
      Infinity,
    );

    expect(tookMs).toBeLessThan(1_000);
  });
});

describe('deleting an export', () => {
  it('stops it while it runs and leaves nothing of it', async () => {
    const release = records.holdScansBehind(9_000);
    const job = await system.create('orders');
    await records.untilHeld();
    await system.untilPartStored(job.id);

    await system.ask(deleteExport, { exportId: job.id });
    const scansThen = records.scansOf.get('orders');
    release();

    expect(await codeOf(system.get(job.id))).toBe('EXPORT_NOT_FOUND');
    const other = await exported('small');
    expect(other.counts.written).toBe(10);
    expect(records.scansOf.get('orders')).toBe(scansThen);
    expect(await system.partsOf(job.id)).toBe(0);
  });

  it('makes a completed one disappear', async () => {
    const { id: exportId } = await exported('small');

    await system.ask(deleteExport, { exportId });

    expect(await codeOf(system.get(exportId))).toBe('EXPORT_NOT_FOUND');
    expect(await codeOf(system.download(exportId))).toBe('EXPORT_NOT_FOUND');
    expect(await codeOf(system.ask(deleteExport, { exportId }))).toBe('EXPORT_NOT_FOUND');
    expect(await system.partsOf(exportId)).toBe(0);
  });
});

describe('the time of a file', () => {
  it('ends: the export stays as expired and its parts go', async () => {
    const { id } = await exported('small');
    await system.database.collection('exports').updateOne({ _id: id as never }, { $set: { expiresAt: new Date() } });

    const expired = await eventually(
      () => system.get(id),
      ({ state }) => state !== 'completed',
    );

    expect(expired.state).toBe('expired');
    expect(await codeOf(system.download(id))).toBe('EXPORT_EXPIRED');
    await system.untilFreed(id);
  });
});

describe('who sees an export', () => {
  it('is its creator and who may read exports of its dataset', async () => {
    const { id } = await exported('small');
    const holder: Who = { sub: 'bob', scope: 'exports:read:sma*' };
    const stranger: Who = { sub: 'eve', scope: 'exports:read:orders exports:create:* records:read:*' };

    expect((await system.get(id, holder)).id).toBe(id);
    expect((await system.download(id, holder)).length).toBeGreaterThan(0);
    expect(await codeOf(system.get(id, stranger))).toBe('EXPORT_NOT_FOUND');
    expect(await codeOf(system.download(id, stranger))).toBe('EXPORT_NOT_FOUND');
    expect(await codeOf(system.ask(deleteExport, { exportId: id }, stranger))).toBe('EXPORT_NOT_FOUND');
    // Whoever sees it is told what is missing.
    expect(await codeOf(system.ask(deleteExport, { exportId: id }, holder))).toBe('INSUFFICIENT_SCOPE');
    await system.ask(deleteExport, { exportId: id }, { sub: 'dan', scope: 'exports:delete:small' });
  });

  it('is only who may read all the rows and fields that are in it', async () => {
    const eu = { filter: { region: 'eu' } };
    const readers = [limitedTo('exports:read', eu), limitedTo('exports:read', { fields: ['number'] })];
    const whole = await exported('small');
    const maker = limitedTo('exports:create', eu);
    const part = await system.completed(await system.create('small', {}, maker), maker);

    const [sameRows, fewFields] = readers as [Who, Who];
    expect(await codeOf(system.get(whole.id, sameRows))).toBe('EXPORT_NOT_FOUND');
    expect(await codeOf(system.download(whole.id, sameRows))).toBe('EXPORT_NOT_FOUND');
    expect(await codeOf(system.download(part.id, sameRows))).toBe('none');
    expect(await codeOf(system.get(part.id, fewFields))).toBe('EXPORT_NOT_FOUND');
    const deleter = limitedTo('exports:delete', { filter: { region: 'us' } });
    expect(await codeOf(system.ask(deleteExport, { exportId: part.id }, deleter))).toBe('EXPORT_NOT_FOUND');
    for (const all of ['exports:read:*', '*']) {
      expect(await codeOf(system.download(part.id, { sub: 'all', scope: all }))).toBe('none');
    }
  });

  it('is not their own narrowed token', async () => {
    const { id } = await exported('small');
    const narrowed = { ...limitedTo('exports:create', { filter: { region: 'eu' } }), sub: ann.sub as string };

    expect(await codeOf(system.get(id, narrowed))).toBe('EXPORT_NOT_FOUND');
    expect(await codeOf(system.download(id, narrowed))).toBe('EXPORT_NOT_FOUND');
    expect(await codeOf(system.ask(deleteExport, { exportId: id }, narrowed))).toBe('EXPORT_NOT_FOUND');
    expect((await system.ask(listExports, { limit: 1000 }, narrowed)).items.map((job) => job.id)).not.toContain(id);
  });

  it('still is its creator after the right to make it was taken away, but its file is not theirs to read', async () => {
    const gus: Who = { sub: 'gus', key: 'lowered', scope: 'exports:create:small' };
    const { id } = await system.completed(await system.create('small', {}, gus), gus);

    await rights.publishCeiling('lowered', []);

    await eventually(
      () => codeOf(system.download(id, gus)),
      (code) => code === 'INSUFFICIENT_SCOPE',
    );
    expect((await system.get(id, gus)).id).toBe(id);
    expect(await codeOf(system.ask(deleteExport, { exportId: id }, gus))).toBe('INSUFFICIENT_SCOPE');
  });

  it('sees full pages also where others lie between that are hidden', async () => {
    records.fill('mixed', orders(3));
    const eu = { filter: { region: 'eu' } };
    const wanted: string[] = [];
    for (let round = 0; round < 5; round += 1) {
      const shown = { ...limitedTo('exports:create', eu), sub: 'part' };
      wanted.unshift((await system.create('mixed', {}, shown)).id);
      for (let hidden = 0; hidden < 3; hidden += 1) await system.create('mixed');
    }
    const reader = limitedTo('exports:read', eu);
    const page = (cursor?: string) => system.ask(listExports, { dataset: 'mixed', limit: 2, cursor }, reader);

    const first = await page();
    const second = await page(first.next ?? '');
    const third = await page(second.next ?? '');

    expect([first, second, third].map(({ items }) => items.map(({ id }) => id))).toEqual([
      wanted.slice(0, 2),
      wanted.slice(2, 4),
      wanted.slice(4),
    ]);
    expect(third.next).toBeNull();
  });

  it('sees the same ones in lists, newest first, page by page', async () => {
    const cat: Who = { sub: 'cat', scope: 'exports:create:small' };
    const ids: string[] = [];
    for (let count = 0; count < 3; count += 1) ids.unshift((await system.create('small', {}, cat)).id);

    const first = await system.ask(listExports, { limit: 2 }, cat);
    const second = await system.ask(listExports, { limit: 2, cursor: first.next ?? undefined }, cat);
    const stranger = await system.ask(listExports, {}, { sub: 'eve', scope: 'records:read:*' });

    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(ids);
    expect(second.next).toBeNull();
    expect(stranger.items).toEqual([]);
    expect(await codeOf(system.ask(listExports, { cursor: 'abc' }, cat))).toBe('CURSOR_INVALID');
  });

  it('never sees the grant or the position in it', async () => {
    const job = await exported('small');

    expect(Object.keys(job).sort()).toEqual([
      ...[
        'bytes',
        'compression',
        'counts',
        'createdAt',
        'dataset',
        'digest',
        'expiresAt',
        'finishedAt',
        'format',
        'id',
        'since',
      ],
      ...['startedAt', 'state'],
    ]);
  });
});
