import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cancelImport } from '@keyport/contracts';
import { codeOf, eventually, quickest } from '@keyport/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import { counts, ndjson } from '../harness/rows.ts';
import { ImportSystem } from '../harness/import-system.ts';

let system: ImportSystem;

beforeAll(async () => {
  system = await ImportSystem.start();
  await system.startImport({ KEYPORT_UPLOAD_IDLE_SECONDS: '1' });
});

afterAll(() => system.stop());

describe('an upload', () => {
  it('is processed while it still runs, and completes only when it is sealed', async () => {
    const name = await system.dataset();
    const file = ndjson(5000);
    const importId = await system.create(name);
    await system.publish(importId, file.subarray(0, 400_000));

    const running = await eventually(
      () => system.get(importId),
      ({ counts: { inserted }, bytes: { received } }) => inserted >= 3000 && received >= 400_000,
    );
    expect(running).toMatchObject({ state: 'receiving', bytes: { received: 400_000 } });
    await system.publish(importId, file.subarray(400_000), { offset: 400_000 });
    await system.seal(importId, file.length);

    expect(await system.ended(importId)).toMatchObject({
      state: 'completed',
      counts: counts({ read: 5000, inserted: 5000 }),
    });
  });

  it('that broke off stays receiving with its rows so far, and goes on when more comes', async () => {
    const name = await system.dataset();
    const file = ndjson(3000);
    const importId = await system.create(name);
    await system.publish(importId, file.subarray(0, 200_000));
    await eventually(
      () => system.stored(importId),
      ({ lease, idleSequence }) => lease.owner === null && idleSequence !== null,
    );
    expect((await system.get(importId)).state).toBe('receiving');

    await system.publish(importId, file.subarray(200_000), { offset: 200_000 });
    await system.seal(importId, file.length);

    expect(await system.ended(importId)).toMatchObject({
      state: 'completed',
      counts: counts({ read: 3000, inserted: 3000 }),
    });
  });

  it('may be sent in pieces that repeat, overlap, come too early or belong to an older epoch', async () => {
    const name = await system.dataset();
    const file = ndjson(4000);
    const importId = await system.create(name);
    const send = (from: number, to: number, epoch = 2) =>
      system.publish(importId, file.subarray(from, to), { offset: from, epoch });

    await send(0, 100_000, 1);
    await send(200_000, 300_000);
    await system.publish(importId, ndjson(4000, { from: 900_000 }).subarray(100_000, 200_000), {
      offset: 100_000,
      epoch: 1,
    });
    await send(50_000, 150_000);
    await send(0, 100_000);
    await send(150_000, 200_000);
    await send(300_000, file.length);
    await system.seal(importId, file.length);

    expect(await system.ended(importId)).toMatchObject({
      state: 'completed',
      counts: counts({ read: 4000, inserted: 4000 }),
    });
    const numbers = await (await system.collection(name)).distinct('n');
    expect(numbers).toHaveLength(4000);
    expect(Math.max(...(numbers as number[]))).toBe(3999);
  });

  it('that lacks bytes although it is sealed fails, and is not waited for', async () => {
    const name = await system.dataset();
    const file = ndjson(3000);
    const importId = await system.create(name);
    await system.publish(importId, file.subarray(0, 250_000));

    await system.seal(importId, file.length);

    expect(await system.ended(importId)).toMatchObject({ state: 'failed', error: { code: 'UPLOAD_INCOMPLETE' } });
  });

  it('may be sealed twice with the same length, not with another, and not by another caller or epoch', async () => {
    const name = await system.dataset();
    const file = ndjson(10);
    const importId = await system.send(name, file);

    expect((await system.seal(importId, file.length)).id).toBe(importId);
    expect(await codeOf(system.seal(importId, file.length + 1))).toBe('UPLOAD_SUPERSEDED');
    expect(await codeOf(system.seal(importId, file.length, { epoch: 0 }))).toBe('UPLOAD_SUPERSEDED');
    const other = { sub: 'eve', scope: 'imports:create:* imports:read:*' };
    expect(await codeOf(system.seal(importId, file.length, { who: other }))).toBe('IMPORT_NOT_FOUND');
  });

  it('leaves nothing in the spool when its import has ended', async () => {
    const importId = await system.send(await system.dataset(), ndjson(20_000));
    await system.ended(importId);
    const manager = await jetstreamManager(await system.servers.connectionOf('admin-import'));

    await eventually(
      () => manager.streams.info('UPLOADS', { subjects_filter: `uploads.v1.${importId}` }),
      ({ state }) => (state.subjects?.[`uploads.v1.${importId}`] ?? 0) === 0,
    );
    await eventually(
      () => manager.consumers.list('UPLOADS').next(),
      (consumers) => consumers.every(({ name }) => !name.startsWith(importId)),
    );
  });
});

describe('cancelling', () => {
  it('ends a running import within a second, with counts that name exactly what is stored', async () => {
    const file = ndjson(150_000);

    const least = await quickest(1_000, async () => {
      const name = await system.dataset();
      const importId = await system.begin(name, file);
      await eventually(
        () => system.get(importId),
        ({ counts: { inserted } }) => inserted > 0,
      );
      const before = Date.now();
      const answer = await system.ask(cancelImport, { importId });
      // It does not wait for a slow machine.
      const tookMs = answer.state === 'cancelled' ? Date.now() - before : Infinity;
      const cancelled = await system.ended(importId);
      expect(cancelled.state).toBe('cancelled');
      expect(cancelled.counts.inserted).toBeLessThan(150_000);
      expect(await system.count(name)).toBe(cancelled.counts.inserted);
      expect((await system.seal(importId, 1)).state).toBe('cancelled');
      return tookMs;
    });

    expect(least).toBeLessThan(1_000);
  });

  it('ends an import that is still being sent while another goes on, each with counts that name what is stored', async () => {
    const [name, other] = [await system.dataset(), await system.dataset()];
    const running = await system.send(other, ndjson(40_000));
    const importId = await system.create(name);
    const file = ndjson(60_000);
    const half = file.length >> 1;
    await system.publish(importId, file.subarray(0, half));
    await eventually(
      () => system.get(importId),
      ({ counts: { inserted } }) => inserted > 0,
    );

    await Promise.all([
      system.ask(cancelImport, { importId }),
      system.publish(importId, file.subarray(half), { offset: half }),
    ]);

    const cancelled = await system.ended(importId);
    expect(cancelled.state).toBe('cancelled');
    expect(cancelled.counts).toEqual(counts({ read: cancelled.counts.read, inserted: cancelled.counts.read }));
    expect(await system.ended(running)).toMatchObject({
      state: 'completed',
      counts: counts({ read: 40_000, inserted: 40_000 }),
    });
    expect(await system.count(name)).toBe(cancelled.counts.inserted);
    expect(await system.get(importId)).toEqual(cancelled);
  });

  it('is done once, and is refused when the import has ended otherwise', async () => {
    const name = await system.dataset();
    const importId = await system.create(name);
    const cancel = (id: string) => system.ask(cancelImport, { importId: id });

    await cancel(importId);
    expect((await system.ended(importId)).state).toBe('cancelled');
    expect((await cancel(importId)).state).toBe('cancelled');
    const done = await system.imported(name, ndjson(5));
    expect(await codeOf(cancel(done.id))).toBe('IMPORT_STATE');
  });
});
