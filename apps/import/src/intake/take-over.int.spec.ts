import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { cancelImport } from '@keyport/contracts';
import { eventually, quickest, revokeToken } from '@keyport/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import { counts, ndjson } from '../harness/rows.ts';
import { ImportSystem, owner } from '../harness/import-system.ts';
import { maxLostHolders } from './run-ending.ts';

let system: ImportSystem;

beforeAll(async () => {
  system = await ImportSystem.start();
});

afterEach(() => system.killImports());

afterAll(() => system.stop());

const rows = 60_000;
const file = ndjson(rows);
const impatient = { KEYPORT_IMPORT_LEASE_SECONDS: '2', KEYPORT_IMPORT_ANSWER_SECONDS: '5' };

/** Far less than it would be, where it were waited for a killed holder's requests or for a look from time to time. */
const takenOverWithinMs = 30_000;

const start = (env: Readonly<Record<string, string>> = {}) => system.startImport({ ...impatient, ...env });

const stored = (importId: string) => system.stored(importId);

const insertedAtLeast = (importId: string, wanted: number) =>
  eventually(
    () => stored(importId),
    (document) => document.counts.inserted >= wanted,
  );

/** What MongoDB holds of an import agrees with itself and with the dataset. */
async function expectExact(importId: string, name: string, written: number): Promise<void> {
  const database = system.mongodb.db('import');
  const chunks = await database.collection('chunks').find({ importId }).sort({ number: 1 }).toArray();
  const sum = chunks.reduce((total, chunk) => total + (chunk['counts'] as { inserted: number }).inserted, 0);
  expect(sum).toBe(written);
  expect(chunks.map(({ number }) => number as number)).toEqual(chunks.map((_, index) => index));
  const collection = await system.collection(name);
  expect(await collection.countDocuments()).toBe(written);
  expect(await collection.aggregate([{ $group: { _id: '$n' } }, { $count: 'distinct' }]).toArray()).toEqual([
    { distinct: written },
  ]);
}

describe('an import whose process is killed', () => {
  it('goes on from its stored position, again and again, and counts every row once', async () => {
    const name = await system.dataset();
    let reader = await start();
    const importId = await system.begin(name, file);

    for (const wanted of [1_000, 20_000, 40_000]) {
      await insertedAtLeast(importId, wanted);
      await reader.end('SIGKILL');
      reader = await start();
    }
    await system.finish(importId, file);

    const done = await system.ended(importId);
    expect(done).toMatchObject({ state: 'completed', counts: counts({ read: rows, inserted: rows }) });
    expect((await stored(importId)).lease.fence).toBeGreaterThan(1);
    await expectExact(importId, name, rows);
  });

  it('is taken over by another process within the lease, and the first one changes nothing when it wakes up', async () => {
    const name = await system.dataset();
    const first = await start();
    const importId = await system.begin(name, file);
    await insertedAtLeast(importId, 1_000);
    first.freeze();
    const frozen = await stored(importId);
    const leaseMs = frozen.lease.expiresAt.getTime() - Date.now();
    await start();

    const taken = await eventually(
      () => stored(importId),
      (document) => document.lease.fence > frozen.lease.fence,
      takenOverWithinMs,
    );
    expect(leaseMs).toBeLessThanOrEqual(2_000);
    expect(taken.lease.owner).not.toBe(frozen.lease.owner);
    first.thaw();
    await system.finish(importId, file);

    expect((await system.ended(importId)).counts).toEqual(counts({ read: rows, inserted: rows }));
    await expectExact(importId, name, rows);
  });

  it('goes on in the middle of a compressed upload', async () => {
    const name = await system.dataset();
    const first = await start();
    const packed = gzipSync(file);
    const importId = await system.begin(name, packed, { contentEncoding: 'gzip' });
    await insertedAtLeast(importId, 10_000);

    await first.end('SIGKILL');
    await start();
    await system.finish(importId, packed);

    expect((await system.ended(importId)).counts).toEqual(counts({ read: rows, inserted: rows }));
    await expectExact(importId, name, rows);
  });

  it.each(['identity', 'zstd'] as const)(
    'reads UTF-16 on by the options that it began with: %s',
    async (contentEncoding) => {
      const name = await system.dataset();
      const first = await start();
      const lines = Array.from({ length: rows }, (_, n) => `${n};'Zoë; ${n}';`).join('\n');
      const text = Buffer.from(`\ufeff${lines}`, 'utf16le');
      const file = contentEncoding === 'zstd' ? zstdCompressSync(text) : text;
      const importId = await system.begin(name, file, {
        ...{ format: 'csv', contentEncoding },
        options: {
          types: 'lossless',
          'csv.delimiter': ';',
          'csv.quote': "'",
          'csv.header': false,
          'csv.columns': ['n', 'name', 'note'],
          'csv.empty': 'null',
        },
      });
      await insertedAtLeast(importId, 10_000);

      await first.end('SIGKILL');
      await start();
      await system.finish(importId, file);

      expect((await system.ended(importId)).counts).toEqual(counts({ read: rows, inserted: rows }));
      await expectExact(importId, name, rows);
      const collection = await system.collection(name);
      const last = await collection.findOne({ n: rows - 1 }, { projection: { _id: 0 } });
      expect(last).toEqual({ n: rows - 1, name: `Zoë; ${rows - 1}`, note: null });
      expect((await stored(importId)).lease.fence).toBeGreaterThan(1);
    },
  );

  it('keeps its rejected rows, each once and with its line', async () => {
    const name = await system.dataset();
    const first = await start();
    const good = file.toString().trimEnd().split('\n');
    const spoilt = Buffer.from(good.map((line, index) => (index % 500 === 0 ? `bad ${index}` : line)).join('\n'));
    const importId = await system.begin(name, spoilt);
    await insertedAtLeast(importId, 5_000);

    await first.end('SIGKILL');
    await start();
    await system.finish(importId, spoilt);

    const done = await system.ended(importId);
    expect(done.counts).toEqual(counts({ read: rows, inserted: rows - rows / 500, rejected: rows / 500 }));
    const expected = Array.from({ length: rows / 500 }, (_, index) => 500 * index + 1);
    expect((await system.rejects(importId)).map(({ line }) => line)).toEqual(expected);
  });

  it('that was to be cancelled ends cancelled, with every row counted that its process had written', async () => {
    const name = await system.dataset();
    const first = await start();
    const importId = await system.begin(name, file);
    await insertedAtLeast(importId, 5_000);
    await first.end('SIGKILL');

    await start();
    await system.ask(cancelImport, { importId });

    const done = await system.ended(importId);
    expect(done.state).toBe('cancelled');
    expect(done.counts.inserted).toBeLessThan(rows);
    await expectExact(importId, name, done.counts.inserted);
  });
});

describe('an import whose process is killed when its token is revoked', () => {
  it('ends failed, with every row counted that its process had written', async () => {
    const name = await system.dataset();
    const first = await start();
    const importId = await system.begin(name, file, {}, { ...owner, jti: 'revoked-in-flight' });
    await insertedAtLeast(importId, 5_000);

    const auth = await system.servers.connectionOf('auth');
    await Promise.all([first.end('SIGKILL'), revokeToken(auth, 'revoked-in-flight')]);
    await start();
    // The running auth knows nothing of it, and may have taken it away while nobody held the import.
    await revokeToken(auth, 'revoked-in-flight');

    const done = await system.ended(importId);
    expect(done).toMatchObject({ state: 'failed', error: { code: 'RIGHTS_LOST' } });
    expect(done.counts.inserted).toBeLessThan(rows);
    await expectExact(importId, name, done.counts.inserted);
  });
});

describe('an import that is killed at the row that is one too many', () => {
  it('ends there all the same', async () => {
    const name = await system.dataset();
    const first = await start();
    const whole = Buffer.concat([file, Buffer.from('oops\n'), ndjson(500, { from: rows })]);
    const importId = await system.create(name, { options: { onError: 'abort' } });
    await system.publish(importId, file);
    await insertedAtLeast(importId, 5_000);

    await first.end('SIGKILL');
    await system.publish(importId, whole.subarray(file.length), { offset: file.length });
    await start();
    await system.seal(importId, whole.length);

    const done = await system.ended(importId);
    expect(done).toMatchObject({ state: 'failed', error: { code: 'TOO_MANY_REJECTS' } });
    expect(done.counts).toEqual(counts({ read: rows + 1, inserted: rows, rejected: 1 }));
    await expectExact(importId, name, rows);
  });
});

describe('an import whose holders are lost one after the other without getting further', () => {
  /** A holder that finds nothing to read keeps the import all the same. */
  const startWaiting = () => start({ KEYPORT_UPLOAD_IDLE_SECONDS: '600' });
  /** Kills as many holders as wanted, each while it waits for the rest of the file. */
  const loseHolders = async (importId: string, wanted: number) => {
    for (let lost = 0; lost < wanted; lost += 1) {
      const { fence } = (await stored(importId)).lease;
      const holder = await startWaiting();
      await eventually(
        () => stored(importId),
        ({ lease }) => lease.fence > fence,
      );
      await holder.end('SIGKILL');
    }
  };
  const waiting = async () => {
    const first = await startWaiting();
    const importId = await system.create(await system.dataset());
    await system.publish(importId, Buffer.from('{"n":0'));
    await eventually(
      () => stored(importId),
      ({ received }) => received > 0,
    );
    await first.end('SIGKILL');
    return importId;
  };

  it('fails in the end, and frees its spool', async () => {
    const importId = await waiting();
    await loseHolders(importId, maxLostHolders - 1);
    await startWaiting();

    expect(await system.ended(importId)).toMatchObject({ state: 'failed', error: { code: 'INTERNAL' } });
    const manager = await jetstreamManager(await system.servers.connectionOf('admin-import'));
    await eventually(
      () => manager.streams.info('UPLOADS', { subjects_filter: `uploads.v1.${importId}` }),
      ({ state }) => (state.subjects?.[`uploads.v1.${importId}`] ?? 0) === 0,
    );
  });

  it('is worked on alone and then completes, where it was not to blame', async () => {
    const importId = await waiting();
    await loseHolders(importId, maxLostHolders - 2);
    const file = ndjson(5_000);
    await startWaiting();
    await eventually(
      () => stored(importId),
      ({ lease, lostHolders }) => lease.owner !== null && lostHolders === maxLostHolders - 1,
    );
    const other = await system.send(await system.dataset(), ndjson(5_000));
    expect((await stored(other)).startedAt).toBeNull();
    await system.publish(importId, file.subarray(6), { offset: 6 });
    await system.seal(importId, file.length);

    expect(await system.ended(importId)).toMatchObject({
      state: 'completed',
      counts: counts({ read: 5_000, inserted: 5_000 }),
    });
    expect(await stored(importId)).toMatchObject({ lostHolders: 0 });
    expect((await system.ended(other)).state).toBe('completed');
  });
});

describe('an import whose process is told to end', () => {
  it('is given back at once, with nothing under way', async () => {
    // So long that nobody would go on where it were waited for any of them.
    const patient = { KEYPORT_IMPORT_LEASE_SECONDS: '600', KEYPORT_IMPORT_ANSWER_SECONDS: '600' };
    const given = async () => {
      const name = await system.dataset();
      const holder = await start(patient);
      const importId = await system.begin(name, file);
      await insertedAtLeast(importId, 1_000);
      await holder.end('SIGTERM');
      return { name, importId, resting: await stored(importId) };
    };

    let { name, importId, resting } = await given();
    // What is under way has three seconds for its answer, which a machine that stands still may take up.
    for (let left = 2; left > 0 && resting.lease.owner !== null; left -= 1)
      ({ name, importId, resting } = await given());

    expect(resting).toMatchObject({ state: 'receiving', lease: { owner: null } });
    expect(await system.count(name)).toBe(resting.counts.inserted);
    await start();
    await system.finish(importId, file);
    expect((await system.ended(importId)).counts).toEqual(counts({ read: rows, inserted: rows }));
  });
});

describe('an import whose surroundings are killed', () => {
  it('lives through a killed records service', async () => {
    const name = await system.dataset();
    await start();
    const importId = await system.begin(name, file);
    await insertedAtLeast(importId, 1_000);

    await system.restartRecords();
    await system.finish(importId, file);

    expect((await system.ended(importId)).counts).toEqual(counts({ read: rows, inserted: rows }));
    await expectExact(importId, name, rows);
  });

  it('lives through a killed nats-server and a killed mongod, which the stack starts again', async () => {
    const name = await system.dataset();
    await start();
    const importId = await system.send(name, file);
    await insertedAtLeast(importId, 1_000);

    await system.servers.kill('nats');
    await insertedAtLeast(importId, 20_000);
    await system.servers.kill('mongod');

    expect((await system.ended(importId)).counts).toEqual(counts({ read: rows, inserted: rows }));
    await expectExact(importId, name, rows);
  });
});

describe('several imports at once', () => {
  it('take turns: a small one does not wait for a large one', async () => {
    await start({ KEYPORT_UPLOAD_IDLE_SECONDS: '600' });
    const large = await system.begin(await system.dataset(), ndjson(300_000));
    await insertedAtLeast(large, 1_000);

    const least = await quickest(2_000, async () => {
      const small = await system.imported(await system.dataset(), ndjson(100));
      expect(small.state).toBe('completed');
      return Date.parse(small.finishedAt ?? '') - Date.parse(small.createdAt);
    });

    expect((await system.get(large)).state).toBe('receiving');
    expect(least).toBeLessThan(2_000);
    await system.ask(cancelImport, { importId: large });
  });

  it('all come to their end where there are more than places', async () => {
    await system.startImport({ ...impatient, KEYPORT_IMPORT_MEMORY_BYTES: String(8 * 1024 * 1024) });
    const name = await system.dataset();
    const waiting = await system.create(name);
    const files = await Promise.all([1, 2, 3].map(() => system.send(name, ndjson(2_000))));

    for (const importId of files) expect((await system.ended(importId)).state).toBe('completed');

    expect((await system.get(waiting)).state).toBe('receiving');
  });
});
