import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  cancelImport,
  getImportProgress,
  pauseImport,
  resumeImport,
  sealUpload,
  type Import,
} from '@keyport/contracts';
import { codeOf, eventually, revokeToken } from '@keyport/testing';
import { counts, ndjson } from '../harness/rows.ts';
import { ImportSystem, owner } from '../harness/import-system.ts';

let system: ImportSystem;

beforeAll(async () => {
  system = await ImportSystem.start();
});

afterEach(() => system.killImports());

afterAll(() => system.stop());

const rows = 60_000;
const settings = {
  ...{ KEYPORT_IMPORT_LEASE_SECONDS: '2', KEYPORT_IMPORT_ANSWER_SECONDS: '5' },
  // Whoever counts for a killed holder finds out sooner that there is no more to read.
  KEYPORT_UPLOAD_IDLE_SECONDS: '1',
};

const start = (env: Readonly<Record<string, string>> = {}) => system.startImport({ ...settings, ...env });

const pause = (importId: string) => system.ask(pauseImport, { importId });
const resume = (importId: string) => system.ask(resumeImport, { importId });

/** The answer does not wait for a slow machine. */
async function cancel(importId: string): Promise<Import> {
  await system.ask(cancelImport, { importId });
  return eventually(
    () => system.get(importId),
    ({ state }) => state === 'cancelled',
  );
}

const insertedAtLeast = (importId: string, wanted: number) =>
  eventually(
    () => system.stored(importId),
    (document) => document.counts.inserted >= wanted,
  );

/** Nobody holds it and nothing of it is in doubt. */
const resting = (importId: string) =>
  eventually(
    () => system.stored(importId),
    ({ lease }) => lease.owner === null,
  );

const reconciled = ({ counts: { read, inserted, updated, unchanged, deleted, rejected, skipped } }: Import) =>
  read === inserted + updated + unchanged + deleted + rejected + skipped;

/** What the dataset holds is what is counted, each row once. */
async function expectExact(name: string, written: number): Promise<void> {
  const collection = await system.collection(name);
  expect(await collection.countDocuments()).toBe(written);
  expect((await collection.distinct('n')).length).toBe(written);
}

const file = ndjson(rows);

/** Under way, and not to be completed before {@link sendRest}: its last byte is not there yet. */
async function startedImport(name: string, who = owner): Promise<string> {
  const importId = await system.begin(name, file, {}, who);
  await insertedAtLeast(importId, 1_000);
  return importId;
}

const sendRest = (importId: string) => system.finish(importId, file);

describe('a pause', () => {
  it('lets nothing more be written, with counts that name what is stored, until the import is resumed', async () => {
    await start();
    const name = await system.dataset();
    const importId = await startedImport(name);

    const paused = await pause(importId);
    await resting(importId);

    expect(paused.state).toBe('paused');
    expect(reconciled(paused)).toBe(true);
    const stored = await system.get(importId);
    expect(stored.counts.read).toBeLessThan(rows);
    await expectExact(name, stored.counts.inserted);
    // Another import that begins now and ends shows that the service goes on, and that the paused one takes no part.
    expect((await system.imported(await system.dataset(), ndjson(3_000))).state).toBe('completed');
    expect(await system.get(importId)).toEqual(stored);

    expect((await sendRest(importId)).state).toBe('paused');
    expect((await resume(importId)).state).toBe('processing');
    expect(await system.ended(importId)).toMatchObject({
      state: 'completed',
      counts: counts({ read: rows, inserted: rows }),
    });
    await expectExact(name, rows);
  });

  it('is not lost when the upload is sealed meanwhile, and the bytes wait in the spool', async () => {
    await start();
    const name = await system.dataset();
    const file = ndjson(8_000);
    const importId = await system.create(name);
    await system.publish(importId, file.subarray(0, 300_000));
    await insertedAtLeast(importId, 1_000);

    await pause(importId);
    await system.publish(importId, file.subarray(300_000), { offset: 300_000 });
    const sealed = await system.seal(importId, file.length);

    expect(sealed).toMatchObject({ state: 'paused', bytes: { received: file.length } });
    expect((await system.seal(importId, file.length)).state).toBe('paused');
    expect(await codeOf(system.ask(sealUpload, { importId, epoch: 1, length: 7 }))).toBe('UPLOAD_SUPERSEDED');
    expect((await resume(importId)).state).toBe('processing');
    expect((await system.ended(importId)).counts).toEqual(counts({ read: 8_000, inserted: 8_000 }));
    await expectExact(name, 8_000);
  });

  it('of an upload that still runs goes back to receiving', async () => {
    await start();
    const name = await system.dataset();
    const file = ndjson(6_000);
    const importId = await system.create(name);
    await pause(importId);
    await system.publish(importId, file.subarray(0, 200_000));

    expect((await resume(importId)).state).toBe('receiving');
    await insertedAtLeast(importId, 1_000);
    await system.publish(importId, file.subarray(200_000), { offset: 200_000 });
    await system.seal(importId, file.length);
    expect((await system.ended(importId)).counts).toEqual(counts({ read: 6_000, inserted: 6_000 }));
  });

  it('does no harm twice, nor does a resume of what runs; both are refused once the import has ended', async () => {
    await start();
    const importId = await system.create(await system.dataset());

    expect((await resume(importId)).state).toBe('receiving');
    expect((await pause(importId)).state).toBe('paused');
    expect((await pause(importId)).state).toBe('paused');
    expect((await cancel(importId)).state).toBe('cancelled');
    expect(await codeOf(pause(importId))).toBe('IMPORT_STATE');
    expect(await codeOf(resume(importId))).toBe('IMPORT_STATE');
  });

  it('is for who may cancel the import, and to others it is not there', async () => {
    await start();
    const name = await system.dataset();
    const importId = await system.create(name);
    const stranger = { sub: 'eve', scope: 'imports:create:*' };
    const reader = { sub: 'rea', scope: `imports:read:${name}` };
    const operator = { sub: 'ope', scope: `imports:read:${name} imports:update:${name}` };
    const ask = (who: typeof owner) => codeOf(system.ask(pauseImport, { importId }, who));

    expect(await ask(stranger)).toBe('IMPORT_NOT_FOUND');
    expect(await ask(reader)).toBe('INSUFFICIENT_SCOPE');
    expect(await codeOf(system.ask(getImportProgress, { importId }, stranger))).toBe('IMPORT_NOT_FOUND');
    expect((await system.ask(getImportProgress, { importId }, reader)).import.state).toBe('receiving');
    expect((await system.ask(pauseImport, { importId }, operator)).state).toBe('paused');
    expect(await codeOf(system.ask(resumeImport, { importId }, reader))).toBe('INSUFFICIENT_SCOPE');
    expect((await system.ask(resumeImport, { importId }, operator)).state).toBe('receiving');
  });
});

describe('a paused import', () => {
  it('ends cancelled with exact counts', async () => {
    await start();
    const name = await system.dataset();
    const importId = await startedImport(name);
    await pause(importId);

    const cancelled = await cancel(importId);

    expect(cancelled.state).toBe('cancelled');
    expect(reconciled(cancelled)).toBe(true);
    await expectExact(name, cancelled.counts.inserted);
  });

  it('stays paused when the service is started again, and goes on then', async () => {
    const first = await start();
    const name = await system.dataset();
    const importId = await startedImport(name);
    await pause(importId);
    await first.end('SIGKILL');
    await start();
    await resting(importId);

    const stored = await system.get(importId);
    expect(stored.state).toBe('paused');
    await expectExact(name, stored.counts.inserted);
    await sendRest(importId);
    await resume(importId);
    expect((await system.ended(importId)).counts).toEqual(counts({ read: rows, inserted: rows }));
    await expectExact(name, rows);
  });

  it('whose holder is killed with rows under way is counted by the next one, and only that', async () => {
    const first = await start();
    const name = await system.dataset();
    const importId = await startedImport(name);
    await first.end('SIGKILL');
    // As a pause that another process has stored and that its holder did not live to see.
    await system.mongodb
      .db('import')
      .collection<{ _id: string }>('imports')
      .updateOne({ _id: importId }, { $set: { state: 'paused' } });
    await start();
    await resting(importId);

    const stored = await system.get(importId);
    expect(stored.state).toBe('paused');
    expect(reconciled(stored)).toBe(true);
    expect(stored.counts.read).toBeLessThan(rows);
    await expectExact(name, stored.counts.inserted);
    await sendRest(importId);
    await resume(importId);
    expect((await system.ended(importId)).counts).toEqual(counts({ read: rows, inserted: rows }));
    await expectExact(name, rows);
  });

  it('ends failed with RIGHTS_LOST when its token is revoked', async () => {
    await start();
    const name = await system.dataset();
    const who = { ...owner, jti: 'revoked-while-paused' };
    const importId = await startedImport(name, who);
    await pause(importId);

    await revokeToken(await system.servers.connectionOf('auth'), 'revoked-while-paused');

    const done = await eventually(
      () => system.get(importId),
      ({ state }) => state === 'failed',
    );
    expect(done.error).toMatchObject({ code: 'RIGHTS_LOST' });
    await expectExact(name, done.counts.inserted);
  });

  it('expires like another upload, unless all of it was sent', async () => {
    await start();
    const open = await system.create(await system.dataset());
    const whole = await system.create(await system.dataset());
    await Promise.all([pause(open), pause(whole)]);
    const file = ndjson(10);
    await system.publish(whole, file);
    await system.seal(whole, file.length);

    await system.mongodb
      .db('import')
      .collection<{ _id: string }>('imports')
      .updateMany({ _id: { $in: [open, whole] } }, { $set: { touchedAt: new Date(Date.now() - 25 * 3600 * 1000) } });
    await eventually(
      () => system.get(open),
      ({ state }) => state === 'expired',
    );
    expect((await system.get(whole)).state).toBe('paused');
    await resume(whole);
    expect((await system.ended(whole)).counts).toEqual(counts({ read: 10, inserted: 10 }));
  });
});

describe('contradictory requests at the same time', () => {
  it('leave an import that is paused or runs, and that comes to its exact end', async () => {
    await start();
    await start();
    const name = await system.dataset();
    const importId = await startedImport(name);

    for (let round = 0; round < 5; round += 1) {
      const answers = await Promise.all([pause(importId), resume(importId), pause(importId), resume(importId)]);
      for (const { state } of answers) expect(['paused', 'receiving']).toContain(state);
    }
    await resume(importId);
    await sendRest(importId);

    expect((await system.ended(importId)).counts).toEqual(counts({ read: rows, inserted: rows }));
    await expectExact(name, rows);
  });

  it('end a cancelled import as cancelled, whatever else is asked', async () => {
    await start();
    await start();
    const name = await system.dataset();
    const importId = await startedImport(name);

    const [cancelled] = await Promise.allSettled([cancel(importId), pause(importId), resume(importId)]);

    expect(cancelled.status).toBe('fulfilled');
    const done = await eventually(
      () => system.get(importId),
      ({ state }) => state === 'cancelled',
    );
    expect(reconciled(done)).toBe(true);
    await expectExact(name, done.counts.inserted);
  });
});

describe('the sequence of an import', () => {
  it('grows with everything that a watcher can see', async () => {
    await start();
    const name = await system.dataset();
    const importId = await system.create(name);
    const sequence = async () => (await system.ask(getImportProgress, { importId })).sequence;
    const seen = [await sequence()];
    await pause(importId);
    seen.push(await sequence());
    const file = ndjson(3_000);
    await system.publish(importId, file);
    await system.seal(importId, file.length);
    seen.push(await sequence());
    await resume(importId);
    await system.ended(importId);
    seen.push(await sequence());

    expect(new Set(seen).size).toBe(4);
    expect(seen).toEqual([...seen].sort((one, other) => one - other));
  });
});
