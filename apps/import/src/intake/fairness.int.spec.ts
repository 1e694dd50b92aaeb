import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { cancelImport, type Import } from '@keyport/contracts';
import { eventually, type Who } from '@keyport/testing';
import { ImportSystem, owner } from '../harness/import-system.ts';
import { counts, ndjson } from '../harness/rows.ts';
import { memoryOf, mostMemory } from './import-memory.ts';

const other: Who = { sub: 'other', scope: '*' };
const small = ndjson(1_000);
/** Several of them take seconds; five million rows only take longer, by the same mechanism. */
const large = ndjson(150_000);
const packed = { contentEncoding: 'gzip' } as const;

let system: ImportSystem;
let running: { readonly importId: string; readonly bytes: Uint8Array }[] = [];

beforeAll(async () => {
  system = await ImportSystem.start();
});

afterEach(async () => {
  for (const { importId } of running.splice(0)) await system.ask(cancelImport, { importId }).catch(() => undefined);
  await system.killImports();
});

afterAll(() => system.stop());

/** One process, with room for so many plain imports beside one newcomer. */
const start = (places: number) =>
  system.startImport({
    KEYPORT_IMPORT_MEMORY_BYTES: String(mostMemory + places * memoryOf('identity')),
    KEYPORT_IMPORT_LEASE_SECONDS: '2',
  });

/** None of them can end before the small one is sent: the last byte of each comes then. */
async function begin(files: number, bytes: Uint8Array, request = {}): Promise<string[]> {
  const name = await system.dataset();
  const begun: string[] = [];
  for (let file = 0; file < files; file += 1) begun.push(await system.begin(name, bytes, request));
  running = [...running, ...begun.map((importId) => ({ importId, bytes }))];
  return begun;
}

/** How many of them had not ended when it had: by the clock of the service, however late the test looks. */
async function outlasting({ finishedAt }: Import, ids: readonly string[]): Promise<number> {
  const ends = (await Promise.all(ids.map((id) => system.get(id)))).map((other) => other.finishedAt);
  return ends.filter((end) => end === null || Date.parse(end) >= Date.parse(finishedAt ?? '')).length;
}

const isAtWork = ({ counts: { inserted } }: Import) => inserted > 0;

async function ends(bytes: Uint8Array, title: string, who = owner): Promise<Import> {
  const importId = await system.send(await system.dataset(), bytes, {}, who);
  await Promise.all(running.map((large) => system.finish(large.importId, large.bytes)));
  const ended = await system.ended(importId);
  const tookMs = Date.parse(ended.finishedAt ?? '') - Date.parse(ended.createdAt);
  process.stderr.write(`${title}: 1,000 rows took ${tookMs} ms\n`);
  return ended;
}

describe('a small import ends while large ones go on', () => {
  it('that hold every place', async () => {
    await start(3);
    const ids = await begin(5, large);
    for (const id of ids) await eventually(() => system.get(id), isAtWork);

    const ended = await ends(small, 'behind five of 150,000 rows');

    expect(ended).toMatchObject({ state: 'completed', counts: counts({ read: 1_000, inserted: 1_000 }) });
    expect(await outlasting(ended, ids)).toBe(ids.length);
  });

  it('that are compressed and begin again after their process was killed', async () => {
    await start(3);
    const ids = await begin(3, gzipSync(large), packed);
    for (const id of ids)
      await eventually(
        () => system.get(id),
        ({ counts: { inserted } }) => inserted > 10_000,
      );
    await system.killImports();
    const before = await Promise.all(ids.map((id) => system.stored(id)));
    await start(3);
    await eventually(
      () => Promise.all(ids.map((id) => system.stored(id))),
      (now) => now.some(({ lease }, index) => lease.fence > (before[index]?.lease.fence ?? 0)),
    );

    const ended = await ends(small, 'behind three that unpack again');

    expect(ended).toMatchObject({ state: 'completed', counts: counts({ read: 1_000, inserted: 1_000 }) });
    expect(await outlasting(ended, ids)).toBe(ids.length);
  });

  it('of another holder who has sent many', async () => {
    await start(3);
    const ids = await begin(5, large);
    const queue = await begin(12, ndjson(10_000));

    const ended = await ends(small, 'behind seventeen of somebody else', other);

    expect(ended).toMatchObject({ state: 'completed', counts: counts({ read: 1_000, inserted: 1_000 }) });
    const left = await outlasting(ended, [...ids, ...queue]);
    process.stderr.write(`of seventeen, ${left} were left then\n`);
    expect(left).toBeGreaterThan(5);
  });

  it('or are half sent, and wait for the rest', async () => {
    await start(3);
    const name = await system.dataset();
    const idle: string[] = [];
    for (let file = 0; file < 30; file += 1) idle.push(await system.create(name));
    await Promise.all(idle.map((id) => system.publish(id, small.subarray(0, 50_000))));
    await eventually(
      () => system.stored(idle[0] ?? ''),
      ({ lease }) => lease.fence > 0,
    );

    const ended = await ends(small, 'behind thirty half-sent files');

    expect(ended.state).toBe('completed');
    await Promise.all(idle.map((id) => system.publish(id, small.subarray(50_000), { offset: 50_000 })));
    await Promise.all(idle.map((importId) => system.seal(importId, small.length)));
    for (const id of idle) expect((await system.ended(id)).counts).toEqual(counts({ read: 1_000, inserted: 1_000 }));
  });
});
