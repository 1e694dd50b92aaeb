import { gzipSync } from 'node:zlib';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  cancelImport,
  deleteDataset,
  maxPieceBytes,
  pauseImport,
  reserveUpload,
  resumeImport,
} from '@keyport/contracts';
import { isStreamFull } from '@keyport/messaging';
import { codeOf, eventually, refusalOf } from '@keyport/testing';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { ImportSystem } from '../harness/import-system.ts';
import { counts, ndjson } from '../harness/rows.ts';

const mebibyte = 1024 * 1024;
const spoolBytes = 16 * mebibyte;
const env = { KEYPORT_SPOOL_BYTES: String(spoolBytes), KEYPORT_UPLOAD_IDLE_SECONDS: '1' };

const packed = { contentEncoding: 'gzip' } as const;
const filler = ndjson(40_000);

let system: ImportSystem;
let manager: JetStreamManager;

beforeAll(async () => {
  system = await ImportSystem.start();
  await system.startImport(env);
  manager = await jetstreamManager(await system.servers.connectionOf('admin-import'));
});

afterAll(() => system.stop());

const used = async () => (await manager.streams.info('UPLOADS')).state.bytes;
const isFree = () => eventually(used, (bytes) => bytes === 0);
const stored = async () => (await manager.streams.info('UPLOADS')).state.last_seq;
const cancel = (importId: string) => system.ask(cancelImport, { importId });
const reserve = (importId: string, length: number) => system.ask(reserveUpload, { importId, epoch: 1, length });

/** A paused import whose upload fills so many bytes of the spool. */
async function filling(bytes: number): Promise<string> {
  const importId = await system.create(await system.dataset());
  await system.ask(pauseImport, { importId });
  await eventually(
    () => system.stored(importId),
    ({ lease }) => lease.owner === null,
  );
  for (let offset = 0; offset < bytes; offset += filler.length)
    await system.publish(importId, filler.subarray(0, bytes - offset), { offset });
  return importId;
}

/** Rows that hardly get smaller by packing. */
const randomRows = (rows: number) =>
  Array.from({ length: rows }, (_, n) => `{"n":${n},"t":"${randomBytes(120).toString('base64')}"}\n`).join('');

/** Publishes as a gateway does that waits for room. */
async function publishPatiently(importId: string, file: Uint8Array): Promise<number> {
  let refusals = 0;
  for (let offset = 0; offset < file.length; offset += maxPieceBytes) {
    const piece = file.subarray(offset, offset + maxPieceBytes);
    await eventually(
      () => system.publish(importId, piece, { offset }).then(() => true, onlyFull),
      (taken) => {
        if (!taken) refusals += 1;
        return taken;
      },
    );
  }
  return refusals;
}

function onlyFull(error: unknown): false {
  if (!isStreamFull(error)) throw error;
  return false;
}

describe('the disk of the spool is given back', () => {
  it('of a completed import', async () => {
    const importId = await filling(filler.length);
    expect(await used()).toBeGreaterThan(3 * mebibyte);

    await system.ask(resumeImport, { importId });
    await system.seal(importId, filler.length);

    expect((await system.ended(importId)).state).toBe('completed');
    await isFree();
  });

  it('of a cancelled one, and of what comes after its end', async () => {
    const importId = await filling(filler.length);

    await cancel(importId);

    // It rests, so that nothing needs to be waited for.
    expect(await used()).toBe(0);
    const before = await stored();
    await system.publish(importId, ndjson(10_000));
    expect(await stored()).toBeGreaterThan(before);
    await isFree();
  });

  it('of a failed one', async () => {
    const file = Buffer.from(`[${'{"a":1},'.repeat(300_000)}`);
    const importId = await system.send(await system.dataset(), file, { format: 'json' });

    expect(await system.ended(importId)).toMatchObject({ state: 'failed', error: { code: 'TRUNCATED_ARRAY' } });
    await isFree();
  });

  it('of one whose dataset was deleted while it rested', async () => {
    const importId = await filling(filler.length);
    const { dataset } = await system.stored(importId);
    const untouched = await system.create(await system.dataset());

    await system.ask(deleteDataset, { name: dataset });

    const ended = await eventually(
      () => system.get(importId),
      ({ state }) => state === 'failed',
    );
    expect(ended.error?.code).toBe('DATASET_NOT_FOUND');
    await isFree();
    expect((await system.get(untouched)).state).toBe('receiving');
    await cancel(untouched);
  });

  it('behind an upload that rests, as far as its rows are counted', async () => {
    const importId = await system.create(await system.dataset());
    await system.publish(importId, ndjson(60_000));

    await eventually(
      () => system.stored(importId),
      ({ idleSequence, counts: { inserted } }) => idleSequence !== null && inserted > 50_000,
    );

    await eventually(used, (bytes) => bytes < 3 * maxPieceBytes);
    await cancel(importId);
    await isFree();
  });
});

describe('a full spool', () => {
  it('refuses new uploads, and takes them again once there is room', async () => {
    const [first, second] = [await filling(8 * mebibyte), await filling(7 * mebibyte)];

    const refused = () => refusalOf(system.create('anything'));
    expect((await eventually(refused, (error) => error?.code === 'SPOOL_FULL'))?.code).toBe('SPOOL_FULL');
    await cancel(first);

    await eventually(refused, (error) => error?.code === 'DATASET_NOT_FOUND');
    await cancel(second);
  });

  it('lets a plain file pass that is larger than it, with every row once', async () => {
    const name = await system.dataset();
    const importId = await system.create(name);
    const file = ndjson(200_000);
    expect(file.length).toBeGreaterThan(spoolBytes);

    const refusals = await publishPatiently(importId, file);
    await system.seal(importId, file.length);

    process.stderr.write(`${refusals} pieces of ${Math.ceil(file.length / maxPieceBytes)} were sent again\n`);
    expect(await system.ended(importId)).toMatchObject({
      state: 'completed',
      counts: counts({ read: 200_000, inserted: 200_000 }),
    });
    const [found] = await (
      await system.collection(name)
    )
      .aggregate<{ rows: number; sum: number }>([{ $group: { _id: null, rows: { $sum: 1 }, sum: { $sum: '$n' } } }])
      .toArray();
    expect(found).toMatchObject({ rows: 200_000, sum: (200_000 * 199_999) / 2 });
    await isFree();
  });

  it('refuses by name a compressed file that it could never hold, said to be so large or not', async () => {
    const name = await system.dataset();

    const declared = await codeOf(system.create(name, { ...packed, contentLength: 9 * mebibyte }));
    const importId = await system.create(name, packed);
    await system.publish(importId, gzipSync(ndjson(10_000)).subarray(0, 5_000));
    const found = await codeOf(reserve(importId, 9 * mebibyte));

    expect([declared, found]).toEqual(['UPLOAD_EXCEEDS_SPOOL', 'UPLOAD_EXCEEDS_SPOOL']);
    expect(await system.ended(importId)).toMatchObject({ state: 'failed', error: { code: 'UPLOAD_EXCEEDS_SPOOL' } });
    await system.create(name, { contentLength: 10 ** 12 }).then(cancel);
    await isFree();
  });

  it('never lets compressed files wait for one another: the oldest finds room', async () => {
    const name = await system.dataset();
    const file = gzipSync(randomRows(50_000));
    expect(file.length).toBeGreaterThan(5 * mebibyte);
    const [oldest, younger] = [await system.create(name, packed), await system.create(name, packed)];
    await reserve(younger, 5 * mebibyte);
    await system.publish(younger, file.subarray(0, 5 * mebibyte));
    await eventually(
      () => system.get(younger),
      ({ bytes }) => bytes.received === 5 * mebibyte,
    );

    expect(await codeOf(reserve(younger, 7 * mebibyte))).toBe('SPOOL_FULL');
    await reserve(oldest, file.length);
    await system.publish(oldest, file);
    await system.seal(oldest, file.length);

    expect(await system.ended(oldest)).toMatchObject({
      state: 'completed',
      counts: counts({ read: 50_000, inserted: 50_000 }),
    });
    await reserve(younger, file.length);
    await system.publish(younger, file.subarray(5 * mebibyte), { offset: 5 * mebibyte });
    await system.seal(younger, file.length);
    expect((await system.ended(younger)).counts).toEqual(counts({ read: 50_000, inserted: 50_000 }));
    await isFree();
  });
});

describe('an upload that nobody goes on with', () => {
  it('expires, plain or resumable, and gives its disk back', async () => {
    const name = await system.dataset();
    const [plain, resumable] = [
      await system.create(name),
      await system.create(name, { resumable: { length: 9_000_000, metadata: '' } }),
    ];
    for (const importId of [plain, resumable]) await system.publish(importId, ndjson(500));
    expect(await used()).toBeGreaterThan(0);
    await system.killImports();

    await system.startImport({ ...env, KEYPORT_UPLOAD_EXPIRES_SECONDS: '2', KEYPORT_IMPORT_LEASE_SECONDS: '2' });

    for (const importId of [plain, resumable])
      await eventually(
        () => system.get(importId),
        ({ state }) => state === 'expired',
      );

    await isFree();
  });
});
