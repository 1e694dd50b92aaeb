import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { cancelImport } from '@keyport/contracts';
import type { ChildService } from '../harness/child-service.ts';
import { counts, ndjson } from '../harness/rows.ts';
import { TestSystem, until } from '../harness/test-system.ts';

let system: TestSystem;
let running: ChildService[] = [];

beforeAll(async () => {
  system = await TestSystem.start();
});

afterEach(async () => {
  await Promise.all(running.map((service) => service.stop()));
  running = [];
});

afterAll(() => system.stop());

const rows = 60_000;
const shortLease = { KEYPORT_IMPORT_LEASE_SECONDS: '2' };

async function start(): Promise<ChildService> {
  const service = await system.startImport(shortLease);
  running.push(service);
  return service;
}

let datasets = 0;
async function dataset(key?: string[]): Promise<string> {
  datasets += 1;
  await system.putDataset(`taken-${datasets}`, key ? { key } : {});
  return `taken-${datasets}`;
}

const stored = (importId: string) => system.stored(importId);

const insertedAtLeast = (importId: string, wanted: number) =>
  until(
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
    const name = await dataset();
    let reader = await start();
    const importId = await system.send(name, ndjson(rows));

    for (const wanted of [1_000, 20_000, 40_000]) {
      await insertedAtLeast(importId, wanted);
      await reader.end('SIGKILL');
      reader = await start();
    }

    const done = await system.ended(importId);
    expect(done).toMatchObject({ state: 'completed', counts: counts({ read: rows, inserted: rows }) });
    expect((await stored(importId)).lease.fence).toBeGreaterThan(1);
    await expectExact(importId, name, rows);
  });

  it('is taken over by another process within the lease, and the first one changes nothing when it wakes up', async () => {
    const name = await dataset();
    const first = await start();
    const importId = await system.send(name, ndjson(rows));
    await insertedAtLeast(importId, 1_000);
    first.freeze();
    const frozen = await stored(importId);
    await start();
    const readyAt = Date.now();

    const taken = await until(
      () => stored(importId),
      (document) => document.lease.fence > frozen.lease.fence,
    );
    expect(Date.now() - readyAt).toBeLessThan(4_000);
    expect(taken.lease.owner).not.toBe(frozen.lease.owner);
    first.thaw();

    expect((await system.ended(importId)).counts).toEqual(counts({ read: rows, inserted: rows }));
    await expectExact(importId, name, rows);
  });

  it('goes on in the middle of a compressed upload', async () => {
    const name = await dataset();
    const first = await start();
    const importId = await system.send(name, gzipSync(ndjson(rows)), { contentEncoding: 'gzip' });
    await insertedAtLeast(importId, 10_000);

    await first.end('SIGKILL');
    await start();

    expect((await system.ended(importId)).counts).toEqual(counts({ read: rows, inserted: rows }));
    await expectExact(importId, name, rows);
  });

  it('keeps its rejected rows, each once and with its line', async () => {
    const name = await dataset();
    const first = await start();
    const good = ndjson(rows).toString().trimEnd().split('\n');
    const file = Buffer.from(good.map((line, index) => (index % 500 === 0 ? `bad ${index}` : line)).join('\n'));
    const importId = await system.send(name, file);
    await insertedAtLeast(importId, 5_000);

    await first.end('SIGKILL');
    await start();

    const done = await system.ended(importId);
    expect(done.counts).toEqual(counts({ read: rows, inserted: rows - rows / 500, rejected: rows / 500 }));
    const expected = Array.from({ length: rows / 500 }, (_, index) => 500 * index + 1);
    expect((await system.rejects(importId)).map(({ line }) => line)).toEqual(expected);
  });

  it('that was to be cancelled ends cancelled, with every row counted that its process had written', async () => {
    const name = await dataset();
    const first = await start();
    const importId = await system.send(name, ndjson(rows));
    await insertedAtLeast(importId, 5_000);
    await first.end('SIGKILL');
    const second = start();

    const authority = await system.owner();
    await second;
    await system.gateway.requester.request(cancelImport, { importId }, { authority, retryForMs: 5_000 });

    const done = await system.ended(importId);
    expect(done.state).toBe('cancelled');
    expect(done.counts.inserted).toBeLessThan(rows);
    await expectExact(importId, name, done.counts.inserted);
  });
});

describe('an import whose process is told to end', () => {
  it('is given back at once, with nothing under way', async () => {
    const name = await dataset();
    const first = await start();
    const importId = await system.send(name, ndjson(rows));
    await insertedAtLeast(importId, 1_000);

    const endedAt = Date.now();
    await first.end('SIGTERM');

    expect(Date.now() - endedAt).toBeLessThan(4_000);
    const resting = await stored(importId);
    expect(resting).toMatchObject({ state: 'processing', lease: { owner: null } });
    expect(await system.count(name)).toBe(resting.counts.inserted);
    await start();
    expect((await system.ended(importId)).counts).toEqual(counts({ read: rows, inserted: rows }));
  });
});

describe('an import whose surroundings are killed', () => {
  it('lives through a killed records service', async () => {
    const name = await dataset();
    await start();
    const importId = await system.send(name, ndjson(rows));
    await insertedAtLeast(importId, 1_000);

    await system.restartRecords();

    expect((await system.ended(importId)).counts).toEqual(counts({ read: rows, inserted: rows }));
    await expectExact(importId, name, rows);
  });

  it('lives through a killed nats-server and a killed mongod, which the stack starts again', async () => {
    const name = await dataset();
    await start();
    const importId = await system.send(name, ndjson(rows));
    await insertedAtLeast(importId, 1_000);

    await system.killServer('nats');
    await insertedAtLeast(importId, 20_000);
    await system.killServer('mongod');

    expect((await system.ended(importId)).counts).toEqual(counts({ read: rows, inserted: rows }));
    await expectExact(importId, name, rows);
  });
});

describe('several imports at once', () => {
  it('take turns: a small one does not wait for a large one', async () => {
    await start();
    const large = await system.send(await dataset(), ndjson(300_000));
    await insertedAtLeast(large, 1_000);

    const small = await system.imported(await dataset(), ndjson(100));

    expect(small.state).toBe('completed');
    expect((await system.get(large)).state).toBe('processing');
    const tookMs = Date.parse(small.finishedAt ?? '') - Date.parse(small.createdAt);
    expect(tookMs).toBeLessThan(2_000);
    const authority = await system.owner();
    await system.gateway.requester.request(cancelImport, { importId: large }, { authority });
  });

  it('all come to their end where there are more than places', async () => {
    running.push(await system.startImport({ ...shortLease, KEYPORT_IMPORT_MEMORY_BYTES: String(8 * 1024 * 1024) }));
    const name = await dataset();
    const waiting = await system.create(name);
    const files = await Promise.all([1, 2, 3].map(() => system.send(name, ndjson(2_000))));

    for (const importId of files) expect((await system.ended(importId)).state).toBe('completed');

    expect((await system.get(waiting)).state).toBe('receiving');
  });
});
