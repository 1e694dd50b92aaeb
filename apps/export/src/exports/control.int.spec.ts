import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { cancelExport, getExportProgress, listExports, type RequestInput } from '@keyport/contracts';
import { codeOf, eventually, refusalOf, type Who } from '@keyport/testing';
import { orders } from '../harness/documents.ts';
import { ExportSystem } from '../harness/export-system.ts';
import { RecordsDouble } from '../harness/records-double.ts';

/** More than one stored batch, and more than there is room for. */
const orderCount = 24_000;
const roomBytes = 6_000_000;

let system: ExportSystem;
let records: RecordsDouble;

beforeAll(async () => {
  system = await ExportSystem.start();
  records = await RecordsDouble.on(system.servers);
  records.fill('orders', orders(orderCount));
  records.fill('small', orders(10));
  await system.startExport({
    // A lease that ran out would be taken anew, which is a change that can be seen.
    ...{ EXPORT_SWEEP_SECONDS: '1', EXPORT_LEASE_SECONDS: '600', KEYPORT_EXPORTS_BYTES: String(roomBytes) },
    ...{ KEYPORT_EXPORTS_UNFINISHED_PER_HOLDER: '3', KEYPORT_EXPORTS_UNFINISHED: '5' },
  });
});

afterAll(() => system.stop());

beforeEach(() => records.reset());

const cancel = (exportId: string, who?: Who) => system.ask(cancelExport, { exportId }, who);

/** An export that has stored a part, and whose next scan waits. */
async function halfWritten(who?: Who) {
  const release = records.holdScansBehind(9_000);
  const job = await system.create('orders', {}, who);
  await system.untilPartStored(job.id);
  return { job, release };
}

describe('cancelling an export', () => {
  it('ends it at once, keeps it without a file, and does no harm once more', async () => {
    const { job, release } = await halfWritten();

    const cancelled = await cancel(job.id);
    const again = await cancel(job.id);
    release();

    expect(cancelled).toMatchObject({ id: job.id, state: 'cancelled', digest: null, expiresAt: null });
    expect(Date.parse(cancelled.finishedAt ?? '')).not.toBeNaN();
    expect(again).toEqual(cancelled);
    expect(await system.get(job.id)).toEqual(cancelled);
    expect(await system.partsOf(job.id)).toBe(0);
    expect(await codeOf(system.download(job.id))).toBe('EXPORT_NOT_READY');
  });

  it('holds also where another process writes it, which then stores nothing more', async () => {
    const { job, release } = await halfWritten();

    // As any process stores it.
    const cancelled = { state: 'cancelled', finishedAt: new Date(), lease: null };
    await system.database.collection('exports').updateOne({ _id: job.id as never }, { $set: cancelled });
    release();

    await system.untilFreed(job.id);
    const { bytes } = await system.get(job.id);
    expect((await system.completed(await system.create('small'))).counts.written).toBe(10);
    expect(await system.get(job.id)).toMatchObject({ state: 'cancelled', digest: null, bytes });
    expect(await system.partsOf(job.id)).toBe(0);
  });

  it('is refused once it has ended otherwise, and to who may not', async () => {
    const { id } = await system.completed(await system.create('small'));
    const reader: Who = { sub: 'bob', scope: 'exports:read:*' };
    const deleter: Who = { sub: 'dan', scope: 'exports:delete:small' };

    expect(await refusalOf(cancel(id))).toMatchObject({ code: 'EXPORT_STATE', params: { state: 'completed' } });
    expect(await codeOf(cancel(id, reader))).toBe('INSUFFICIENT_SCOPE');
    expect(await codeOf(cancel(id, { sub: 'eve', scope: 'exports:*:orders' }))).toBe('EXPORT_NOT_FOUND');
    expect(await codeOf(cancel(id, deleter))).toBe('EXPORT_STATE');
  });
});

describe('the progress of an export', () => {
  it('has a number that grows with every change, and says what reading the export says', async () => {
    const { job, release } = await halfWritten();
    const progress = () => system.ask(getExportProgress, { exportId: job.id });

    const running = await progress();
    await cancel(job.id);
    const ended = await progress();
    release();

    // Accepted, claimed, stored.
    expect(running.sequence).toBeGreaterThanOrEqual(3);
    expect(running.export).toMatchObject({ id: job.id, state: 'running' });
    expect(ended.sequence).toBe(running.sequence + 1);
    expect(ended.export).toEqual(await system.get(job.id));
    expect(await codeOf(system.ask(getExportProgress, { exportId: job.id }, { sub: 'eve', scope: '' }))).toBe(
      'EXPORT_NOT_FOUND',
    );
  });
});

describe('the list of exports', () => {
  it('can be narrowed by state and by the time of creation', async () => {
    const lea: Who = { sub: 'lea', scope: 'exports:create:*' };
    const completed = await system.completed(await system.create('small', {}, lea), lea);
    const { job, release } = await halfWritten(lea);
    await cancel(job.id, lea);
    release();
    const list = async (query: RequestInput<typeof listExports>) =>
      (await system.ask(listExports, query, lea)).items.map(({ id }) => id);

    expect(await list({ state: 'completed' })).toEqual([completed.id]);
    expect(await list({ state: ['completed', 'cancelled'] })).toEqual([job.id, completed.id]);
    expect(await list({ state: 'running' })).toEqual([]);
    expect(await list({ createdAfter: job.createdAt })).toEqual([job.id]);
    expect(await list({ createdBefore: job.createdAt })).toEqual([completed.id]);
    expect(await list({ createdAfter: job.createdAt, createdBefore: job.createdAt })).toEqual([]);
  });
});

describe('exports that have not ended', () => {
  it('are limited for each holder, and in all, exactly, however many are asked for at once', async () => {
    // The first scan of each is that of its acceptance, of one record.
    const release = records.holdScans(({ limit }) => limit !== 1);
    const [kim, lou] = ['kim', 'lou'].map((sub): Who => ({ sub, scope: 'exports:create:*' })) as [Who, Who];
    const ask = (who: Who) => Promise.all(Array.from({ length: 8 }, () => refusalOf(system.create('small', {}, who))));

    const ofKim = await ask(kim);
    const ofLou = await ask(lou);
    release();

    const refusals = (outcomes: typeof ofKim) => outcomes.filter((error) => error !== undefined);
    expect([refusals(ofKim).length, refusals(ofLou).length]).toEqual([5, 6]);
    for (const error of refusals(ofKim)) {
      const params = { limit: 3, whose: 'of this holder', retryAfterSeconds: 5 };
      expect(error).toMatchObject({ code: 'TOO_MANY_EXPORTS', params });
    }
    for (const error of refusals(ofLou)) {
      expect(error).toMatchObject({ code: 'TOO_MANY_EXPORTS', params: { limit: 5, whose: 'in all' } });
    }
    for (const who of [kim, lou]) {
      await eventually(
        () => system.ask(listExports, { state: ['queued', 'running'] }, who),
        ({ items }) => items.length === 0,
      );
    }
    expect(await codeOf(system.create('small', {}, kim))).toBe('none');
  });
});

describe('the bytes of all files', () => {
  it('are limited: an export that needs more fails, gives back what it took, and leaves none', async () => {
    const job = await system.ended(await system.create('orders'));

    expect(job).toMatchObject({ state: 'failed', digest: null, error: { code: 'EXPORTS_FULL' } });
    await system.untilFreed(job.id);
    expect(await codeOf(system.download(job.id))).toBe('EXPORT_NOT_READY');
    expect((await system.completed(await system.create('small'))).counts.written).toBe(10);
  });

  it('refuse further exports while they are used up', async () => {
    const { id } = await system.completed(await system.create('small'));
    const exports = system.database.collection('exports');
    await exports.updateOne({ _id: id as never }, { $set: { bytes: roomBytes } });

    const refused = await eventually(
      () => codeOf(system.create('small')),
      // Those that were still accepted may be too many at once, as long as they run.
      (code) => code !== 'none' && code !== 'TOO_MANY_EXPORTS',
    );
    await exports.updateOne({ _id: id as never }, { $set: { bytes: 1 } });
    const accepted = await eventually(
      () => codeOf(system.create('small')),
      (code) => code !== 'TOO_MANY_EXPORTS',
    );

    expect([refused, accepted]).toEqual(['EXPORTS_FULL', 'none']);
  });
});

describe('parts that a killed process left', () => {
  it.each(['failed', 'cancelled', 'expired'])('of an export that is %s are swept', async (state) => {
    const { id } = await system.completed(await system.create('small'));
    expect(await system.partsOf(id)).toBe(1);

    // As it lies there when its process died between the end and the deleting.
    await system.database.collection('exports').updateOne({ _id: id as never }, { $set: { state } });

    await system.untilFreed(id);
    expect(await system.database.collection('exports').findOne({ _id: id as never })).toMatchObject({ state });
  });

  it('of an export that was deleted are swept, and it too', async () => {
    const { id } = await system.completed(await system.create('small'));

    await system.database.collection('exports').updateOne({ _id: id as never }, { $set: { deletedAt: new Date() } });

    await system.untilFreed(id);
    await eventually(
      () => system.database.collection('exports').countDocuments({ _id: id as never }),
      (count) => count === 0,
    );
  });
});
