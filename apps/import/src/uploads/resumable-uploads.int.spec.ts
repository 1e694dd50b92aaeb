import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  acknowledgeUpload,
  createImport,
  getUpload,
  refuseUpload,
  reserveUpload,
  resumeUpload,
  type RequestInput,
} from '@keyport/contracts';
import { codeOf, eventually, type ServiceProcess } from '@keyport/testing';
import { ImportSystem, owner } from '../harness/import-system.ts';
import { counts, ndjson } from '../harness/rows.ts';

let system: ImportSystem;
let service: ServiceProcess;

beforeAll(async () => {
  system = await ImportSystem.start();
  service = await system.startImport({ KEYPORT_UPLOAD_IDLE_SECONDS: '1' });
});

afterAll(() => system.stop());

type Create = Partial<RequestInput<typeof createImport>>;

const created = (dataset: string, request: Create = {}, who = owner) =>
  system.ask(createImport, { dataset, format: 'ndjson', contentEncoding: 'identity', options: {}, ...request }, who);

/** An upload of `length` bytes that several requests bring. */
const begin = async (dataset: string, length: number | null, request: Create = {}) =>
  (await created(dataset, { ...request, resumable: { length, metadata: '' } })).importId;

const resume = (importId: string, offset: number, length?: number) =>
  system.ask(resumeUpload, { importId, offset, length });
const acknowledge = (importId: string, epoch: number, length: number) =>
  system.ask(acknowledgeUpload, { importId, epoch, length });
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const numbersIn = async (dataset: string) => (await (await system.collection(dataset)).distinct('n')) as number[];

describe('An upload in several requests', () => {
  it('is sealed by its last byte, and takes nothing from a request that another one followed', async () => {
    const name = await system.dataset();
    const file = ndjson(4000);
    const other = ndjson(4000, { from: 900_000 });
    const importId = await begin(name, file.length);
    await system.publish(importId, file.subarray(0, 100_000));
    expect(await acknowledge(importId, 1, 100_000)).toMatchObject({ offset: 100_000, state: 'receiving' });

    const { epoch } = await resume(importId, 100_000);
    await system.publish(importId, other.subarray(100_000, 180_000), { offset: 100_000, epoch: 1 });
    await system.publish(importId, file.subarray(100_000, 150_000), { offset: 100_000, epoch });
    await system.publish(importId, other.subarray(150_000), { offset: 150_000, epoch: 1 });
    const late = await codeOf(acknowledge(importId, 1, other.length));
    const unreserved = await codeOf(system.ask(reserveUpload, { importId, epoch: 1, length: other.length }));
    await system.publish(importId, file.subarray(150_000), { offset: 150_000, epoch });
    const sealed = await acknowledge(importId, epoch, file.length);

    expect([late, unreserved]).toEqual(['UPLOAD_SUPERSEDED', 'UPLOAD_SUPERSEDED']);
    expect(sealed).toMatchObject({ offset: file.length, length: file.length, expiresAt: null });
    expect(await system.ended(importId)).toMatchObject({
      state: 'completed',
      counts: counts({ read: 4000, inserted: 4000 }),
    });
    expect(Math.max(...(await numbersIn(name)))).toBe(3999);
  });

  it('has come as far as there is no gap, and goes on from nowhere else', async () => {
    const file = ndjson(2000);
    const importId = await begin(await system.dataset(), null);
    await system.publish(importId, file.subarray(0, 30_000));
    await system.publish(importId, file.subarray(40_000, 50_000), { offset: 40_000 });

    const { offset, length } = await system.ask(getUpload, { importId });
    const codes = [await codeOf(resume(importId, 29_999)), await codeOf(resume(importId, 50_000))];
    const { epoch } = await resume(importId, 30_000, file.length);

    expect({ offset, length, codes, epoch }).toEqual({
      ...{ offset: 30_000, length: null, epoch: 4 },
      codes: ['UPLOAD_OFFSET', 'UPLOAD_OFFSET'],
    });
    expect(await codeOf(resume(importId, 30_000, file.length + 1))).toBe('UPLOAD_TOO_LARGE');
  });

  it('is found whole by who asks, where the gateway died before it could say so', async () => {
    const file = ndjson(500);
    const importId = await begin(await system.dataset(), file.length);
    await system.publish(importId, file);

    const view = await system.ask(getUpload, { importId });

    expect(view).toMatchObject({ offset: file.length, expiresAt: null });
    expect(await system.ended(importId)).toMatchObject({
      state: 'completed',
      counts: counts({ read: 500, inserted: 500 }),
    });
  });

  it('is counted to the byte while it is read and the spool purged behind the reader, by another process too', async () => {
    const name = await system.dataset();
    const file = ndjson(90_000, { width: 900 });
    const importId = await begin(name, file.length);
    const parts = [0.2, 0.45, 0.7, 1].map((part) => Math.floor(part * file.length));
    let from = 0;
    let epoch = 1;
    for (const to of parts) {
      await system.publish(importId, file.subarray(from, to), { offset: from, epoch });
      if (to === parts[2]) {
        await service.end('SIGKILL');
        service = await system.startImport({ KEYPORT_UPLOAD_IDLE_SECONDS: '1' });
      }
      expect((await system.ask(getUpload, { importId })).offset).toBe(to);
      if (to < file.length) ({ epoch } = await resume(importId, to));
      from = to;
    }

    expect(file.length).toBeGreaterThan(64 * 1024 * 1024);
    expect(await system.ended(importId)).toMatchObject({
      state: 'completed',
      counts: counts({ read: 90_000, inserted: 90_000 }),
    });
  });

  it('that was set aside is taken up when another request goes on with it', async () => {
    const file = ndjson(3000);
    const importId = await begin(await system.dataset(), file.length);
    await system.publish(importId, file.subarray(0, 100_000));
    // As one that has rested for long: nobody looks at it by himself.
    const notBefore = new Date(Date.now() + 3600 * 1000);
    const setAside = { 'lease.owner': null, idleSequence: { $ne: null } };
    await eventually(
      () =>
        system.mongodb
          .db('import')
          .collection<{ _id: string }>('imports')
          .updateOne({ _id: importId, ...setAside }, { $set: { notBefore } }),
      ({ matchedCount }) => matchedCount === 1,
    );

    const { epoch } = await resume(importId, 100_000);
    const resumed = await system.stored(importId);
    await system.publish(importId, file.subarray(100_000), { offset: 100_000, epoch });
    await acknowledge(importId, epoch, file.length);

    expect(resumed.notBefore.getTime()).toBeLessThan(notBefore.getTime());
    expect(await system.ended(importId)).toMatchObject({
      state: 'completed',
      counts: counts({ read: 3000, inserted: 3000 }),
    });
  });

  it('is there for who began it alone, and gone once its import has ended', async () => {
    const importId = await begin(await system.dataset(), 10);
    const other = { sub: 'eve', scope: '*' };

    const hidden = await codeOf(system.ask(getUpload, { importId }, other));
    await system.mongodb
      .db('import')
      .collection<{ _id: string }>('imports')
      .updateOne({ _id: importId }, { $set: { touchedAt: new Date(Date.now() - 25 * 3600 * 1000) } });
    await eventually(
      () => system.get(importId),
      ({ state }) => state === 'expired',
    );

    expect(hidden).toBe('IMPORT_NOT_FOUND');
    expect([await codeOf(system.ask(getUpload, { importId })), await codeOf(resume(importId, 0))]).toEqual([
      ...['UPLOAD_GONE', 'UPLOAD_GONE'],
    ]);
  });
});

describe('An idempotency key', () => {
  it('goes on with its import: how far it is, and of which bytes', async () => {
    const name = await system.dataset();
    const file = ndjson(3000);
    const idempotencyKey = 'nightly';
    const { importId } = await created(name, { idempotencyKey });
    await system.publish(importId, file.subarray(0, 90_000), { file });

    const again = await created(name, { idempotencyKey });
    await system.publish(importId, file.subarray(90_000), { offset: 90_000, epoch: again.epoch, file });
    const third = await created(name, { idempotencyKey });
    await system.seal(importId, file.length, { epoch: third.epoch, digest: sha256(file) });
    const ended = await system.ended(importId);
    const fourth = await created(name, { idempotencyKey });

    expect(again).toMatchObject({
      ...{ importId, epoch: 2 },
      resumed: { offset: 90_000, digest: sha256(file.subarray(0, 90_000)) },
    });
    expect(third).toMatchObject({ epoch: 3, resumed: { offset: file.length, digest: sha256(file) } });
    expect(ended).toMatchObject({ state: 'completed', counts: counts({ read: 3000, inserted: 3000 }) });
    expect(fourth).toMatchObject({ importId, finished: { length: file.length, digest: sha256(file) } });
  });

  it('knows the digest of bytes that were read and purged', async () => {
    const name = await system.dataset();
    const file = ndjson(60_000, { width: 900 });
    const { importId } = await created(name, { idempotencyKey: 'purged' });
    const length = 48 * 1024 * 1024;
    await system.publish(importId, file.subarray(0, length), { file });
    await eventually(
      () => system.stored(importId),
      ({ position }) => position.spool.offset > 40 * 1024 * 1024,
    );

    const { resumed } = await created(name, { idempotencyKey: 'purged' });

    expect(resumed).toEqual({ offset: length, digest: sha256(file.subarray(0, length)) });
  });

  it('stands for one dataset and one set of options, and for each caller for something else', async () => {
    const name = await system.dataset();
    const key = { idempotencyKey: 'mine' };
    const { importId } = await created(name, key);

    const codes = await Promise.all([
      codeOf(created(name, { ...key, options: { mode: 'upsert' } })),
      codeOf(created(name, { ...key, format: 'csv' })),
      codeOf(created(name, { ...key, verifiedFirst: true })),
      codeOf(system.dataset().then((other) => created(other, key))),
    ]);
    const others = await created(name, key, { sub: 'eve', scope: '*' });

    expect(codes).toEqual(Array.from({ length: 4 }, () => 'IDEMPOTENCY_KEY_REUSED'));
    expect(others.importId).not.toBe(importId);
  });

  it('makes one import, however many requests come with it at the same time', async () => {
    const name = await system.dataset();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, () => created(name, { idempotencyKey: 'race' })),
    );

    const replies = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const refusals = outcomes.flatMap((one) =>
      one.status === 'rejected' ? [(one.reason as { code: string }).code] : [],
    );
    expect(new Set(replies.map(({ importId }) => importId)).size).toBe(1);
    expect(new Set(replies.map(({ epoch }) => epoch)).size).toBe(replies.length);
    expect(refusals.every((code) => code === 'UPLOAD_SUPERSEDED')).toBe(true);
    const imports = system.mongodb.db('import').collection('imports');
    expect(await imports.countDocuments({ idempotencyKey: 'race' })).toBe(1);
  });
});

describe('An upload whose digest was announced', () => {
  it('is not read before it is sealed', async () => {
    const name = await system.dataset();
    const file = ndjson(2000);
    const { importId } = await created(name, { verifiedFirst: true });
    await system.publish(importId, file);
    await system.imported(await system.dataset(), ndjson(5));
    const before = await system.stored(importId);

    await system.seal(importId, file.length);

    expect(before).toMatchObject({ lease: { fence: 0 }, counts: counts({ read: 0 }) });
    expect(await system.ended(importId)).toMatchObject({
      state: 'completed',
      counts: counts({ read: 2000, inserted: 2000 }),
    });
  });

  it('fails with nothing written where it is another file, and its key is free', async () => {
    const name = await system.dataset();
    const request = { verifiedFirst: true, idempotencyKey: 'corrupt' };
    const { importId, epoch } = await created(name, request);
    await system.publish(importId, ndjson(100));

    await system.ask(refuseUpload, { importId, epoch, algorithm: 'sha-256' });
    const ended = await system.ended(importId);
    const next = await created(name, request);

    expect(ended).toMatchObject({
      state: 'failed',
      error: { code: 'CONTENT_DIGEST_MISMATCH' },
      counts: counts({ read: 0 }),
    });
    expect(next.importId).not.toBe(importId);
    expect(next.resumed).toBeUndefined();
  });
});
