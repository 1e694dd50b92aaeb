import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cancelImport, getImport, importCompleted, listImports, listRejects, sealUpload } from '@keyport/contracts';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { counts, ndjson } from '../harness/rows.ts';
import { TestSystem, until } from '../harness/test-system.ts';

let system: TestSystem;
let admin: NatsConnection;

beforeAll(async () => {
  system = await TestSystem.start();
  const { natsUrl, natsAdmin } = system.servers;
  admin = await connect({ servers: natsUrl, user: natsAdmin.user, pass: natsAdmin.password });
  await system.startImport({ KEYPORT_REJECTS_KEPT: '50', KEYPORT_UPLOAD_IDLE_SECONDS: '1' });
});

afterAll(async () => {
  await admin.close();
  await system.stop();
});

const bytesOf = (text: string) => Buffer.from(text);

/** Makes a dataset of its own for each test. */
let datasets = 0;
async function dataset(definition: Parameters<TestSystem['putDataset']>[1] = {}): Promise<string> {
  datasets += 1;
  await system.putDataset(`set-${datasets}`, definition);
  return `set-${datasets}`;
}

async function codeOf(asked: Promise<unknown>): Promise<unknown> {
  try {
    await asked;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return 'none';
}

describe('an import', () => {
  it('writes every row once and says so', async () => {
    const name = await dataset();
    const file = ndjson(20_000);

    const done = await system.imported(name, file);

    expect(done).toMatchObject({
      state: 'completed',
      counts: counts({ read: 20_000, inserted: 20_000 }),
      bytes: { received: file.length, processed: file.length },
    });
    expect(await system.count(name)).toBe(20_000);
  });

  it('keeps the good rows and names the bad ones by row and line', async () => {
    const name = await dataset();

    const done = await system.imported(name, bytesOf('{"n":1}\n\nnot json\n{"n":2}\n{"n":\n'));

    expect(done).toMatchObject({ state: 'completed', counts: counts({ read: 4, inserted: 2, rejected: 2 }) });
    expect(await system.rejects(done.id)).toEqual([
      expect.objectContaining({ row: 2, line: 3, byteOffset: 9, code: 'MALFORMED_JSON', raw: 'not json' }),
      expect.objectContaining({ row: 4, line: 5, code: 'MALFORMED_JSON' }),
    ]);
  });

  it('counts every rejected row and keeps the text of the first ones', async () => {
    const name = await dataset();
    const file = bytesOf(Array.from({ length: 3000 }, (_, n) => (n % 3 === 0 ? `bad ${n}` : `{"n":${n}}`)).join('\n'));

    const done = await system.imported(name, file);

    expect(done.counts).toEqual(counts({ read: 3000, inserted: 2000, rejected: 1000 }));
    expect((await system.rejects(done.id)).map(({ row }) => row)).toEqual(
      Array.from({ length: 50 }, (_, index) => 3 * index + 1),
    );
  });

  it('fails where there are no rows, and tells which code', async () => {
    const done = await system.imported(await dataset(), bytesOf(''));

    expect(done).toMatchObject({ state: 'failed', error: { code: 'EMPTY_FILE' }, counts: counts({}) });
  });

  it('stops at the first bad row with onError=abort; what was written stays and is counted', async () => {
    const name = await dataset();
    const file = Buffer.concat([ndjson(2500), bytesOf('oops\n'), ndjson(20_000)]);

    const done = await system.imported(name, file, { options: { onError: 'abort' } });

    expect(done).toMatchObject({ state: 'failed', error: { code: 'TOO_MANY_REJECTS' } });
    expect(done.counts).toEqual(counts({ read: 3000, inserted: 2999, rejected: 1 }));
    expect(await system.count(name)).toBe(2999);
  });

  it('refuses rows with a key that is there already, with their lines', async () => {
    const name = await dataset({ key: ['n'] });
    await system.imported(name, ndjson(10));

    const done = await system.imported(name, ndjson(4, { from: 8 }));

    expect(done.counts).toEqual(counts({ read: 4, inserted: 2, rejected: 2 }));
    expect(await system.rejects(done.id)).toEqual([
      expect.objectContaining({ row: 1, line: 1, code: 'DUPLICATE_KEY' }),
      expect.objectContaining({ row: 2, line: 2, code: 'DUPLICATE_KEY' }),
    ]);
  });

  it('changes what is there with mode upsert, and leaves equal rows alone', async () => {
    const name = await dataset({ key: ['n'] });
    await system.imported(name, ndjson(1500));
    const file = Buffer.concat([ndjson(1000), ndjson(1000, { from: 1000, width: 90 })]);

    const done = await system.imported(name, file, { options: { mode: 'upsert' } });

    expect(done.counts).toEqual(counts({ read: 2000, unchanged: 1000, updated: 500, inserted: 500 }));
    expect(await system.count(name)).toBe(2000);
  });
});

describe('each format', () => {
  const schema = {
    type: 'object',
    properties: {
      code: { type: 'string' },
      qty: { type: 'integer', minimum: 1 },
      at: { type: 'string', format: 'date-time' },
    },
    required: ['code'],
  };

  it('CSV takes its types from the schema, and names a ragged row and a wrong value by their lines', async () => {
    const name = await dataset({ schema, key: ['code'] });
    const file = bytesOf('code,qty,at\r\n007,3,2026-01-02T03:04:05Z\r\n"a\n""b""",4,\r\nx,1\r\ny,0,\r\nz,many,\r\n');

    const done = await system.imported(name, file, { format: 'csv' });

    expect(done.counts).toEqual(counts({ read: 5, inserted: 2, rejected: 3 }));
    const stored = (await system.collection(name)).find({}, { projection: { _id: 0 } }).sort({ code: 1 });
    expect(await stored.toArray()).toMatchObject([
      { code: '007', qty: 3, at: new Date('2026-01-02T03:04:05Z') },
      { code: 'a\n"b"', qty: 4 },
    ]);
    expect((await system.rejects(done.id)).map(({ line, code }) => [line, code])).toEqual([
      [5, 'RAGGED_ROW'],
      [6, 'SCHEMA_VIOLATION'],
      [7, 'TYPE_MISMATCH'],
    ]);
  });

  it('JSON keeps the rows before an array that breaks off', async () => {
    const name = await dataset();
    const rows = ndjson(3000).toString().trimEnd().split('\n').join(',\n');

    const whole = await system.imported(name, bytesOf(`[${rows}]`), { format: 'json' });
    const broken = await system.imported(name, bytesOf(`[${rows},`), { format: 'json' });

    expect(whole).toMatchObject({ state: 'completed', counts: counts({ read: 3000, inserted: 3000 }) });
    expect(broken).toMatchObject({ state: 'failed', error: { code: 'TRUNCATED_ARRAY' } });
    expect(broken.counts).toEqual(counts({ read: 3000, inserted: 3000 }));
    expect(await system.count(name)).toBe(6000);
  });

  it('a single line of 100 MB is one rejected row', async () => {
    const name = await dataset();
    const line = Buffer.concat([bytesOf('{"text":"'), Buffer.alloc(100 * 1024 * 1024, 'x'), bytesOf('"}\n{"n":1}\n')]);

    const done = await system.imported(name, line);

    expect(done).toMatchObject({ state: 'completed', counts: counts({ read: 2, inserted: 1, rejected: 1 }) });
    expect(await system.rejects(done.id)).toEqual([
      expect.objectContaining({ row: 1, line: 1, code: 'ROW_TOO_LARGE' }),
    ]);
  });
});

describe('a compressed import', () => {
  it('is unpacked as it comes', async () => {
    const name = await dataset();
    const packed = gzipSync(ndjson(30_000));

    const done = await system.imported(name, packed, { contentEncoding: 'gzip' });

    expect(done).toMatchObject({
      state: 'completed',
      counts: counts({ read: 30_000, inserted: 30_000 }),
      bytes: { received: packed.length, processed: packed.length },
    });
  });

  it('fails where it ends early, and keeps the whole chunks before', async () => {
    const name = await dataset();
    const random = Array.from({ length: 40_000 }, (_, n) => `{"n":${n},"r":${Math.sin(n)}}\n`).join('');
    const packed = gzipSync(random);

    const done = await system.imported(name, packed.subarray(0, packed.length / 2), { contentEncoding: 'gzip' });

    expect(done).toMatchObject({ state: 'failed', error: { code: 'DECOMPRESSION_FAILED' } });
    expect(done.counts.inserted).toBeGreaterThan(5000);
    expect(done.counts.read).toBe(done.counts.inserted);
    expect(await system.count(name)).toBe(done.counts.inserted);
  });

  it('fails early where it is a bomb', async () => {
    const bomb = gzipSync(Buffer.alloc(400 * 1024 * 1024, 32));

    const done = await system.imported(await dataset(), bomb, { contentEncoding: 'gzip' });

    expect(done).toMatchObject({ state: 'failed', error: { code: 'DECOMPRESSION_RATIO' } });
  });
});

describe('an upload', () => {
  it('is processed while it still runs, and completes only when it is sealed', async () => {
    const name = await dataset();
    const file = ndjson(5000);
    const importId = await system.create(name);
    await system.publish(importId, file.subarray(0, 400_000));

    const running = await until(
      () => system.get(importId),
      ({ counts: { inserted } }) => inserted >= 3000,
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
    const name = await dataset();
    const file = ndjson(3000);
    const importId = await system.create(name);
    await system.publish(importId, file.subarray(0, 200_000));
    await until(
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
    const name = await dataset();
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
    const name = await dataset();
    const file = ndjson(3000);
    const importId = await system.create(name);
    await system.publish(importId, file.subarray(0, 250_000));

    await system.seal(importId, file.length);

    expect(await system.ended(importId)).toMatchObject({ state: 'failed', error: { code: 'UPLOAD_INCOMPLETE' } });
  });

  it('may be sealed twice with the same length, not with another, and not by another caller or epoch', async () => {
    const name = await dataset();
    const file = ndjson(10);
    const importId = await system.send(name, file);
    const seal = (length: number, epoch: number, authority: string) =>
      system.gateway.requester.request(sealUpload, { importId, epoch, length }, { authority });
    const owner = await system.owner();

    expect((await seal(file.length, 1, owner)).id).toBe(importId);
    expect(await codeOf(seal(file.length + 1, 1, owner))).toBe('UPLOAD_SUPERSEDED');
    expect(await codeOf(seal(file.length, 0, owner))).toBe('UPLOAD_SUPERSEDED');
    const other = await system.gateway.caller('eve', ['imports:create:*', 'imports:read:*']);
    expect(await codeOf(seal(file.length, 1, other))).toBe('IMPORT_NOT_FOUND');
  });

  it('leaves nothing in the spool when its import has ended', async () => {
    const importId = await system.send(await dataset(), ndjson(20_000));
    await system.ended(importId);
    const manager = await jetstreamManager(admin);

    await until(
      () => manager.streams.info('UPLOADS', { subjects_filter: `uploads.v1.${importId}` }),
      ({ state }) => (state.subjects?.[`uploads.v1.${importId}`] ?? 0) === 0,
    );
    await until(
      () => manager.consumers.list('UPLOADS').next(),
      (consumers) => consumers.every(({ name }) => !name.startsWith(importId)),
    );
  });
});

describe('cancelling', () => {
  it('ends a running import within a second, with counts that name exactly what is stored', async () => {
    const name = await dataset();
    const importId = await system.create(name);
    await system.publish(importId, ndjson(150_000));
    await until(
      () => system.get(importId),
      ({ counts: { inserted } }) => inserted > 0,
    );
    const before = Date.now();

    const authority = await system.owner();
    const cancelled = await system.gateway.requester.request(cancelImport, { importId }, { authority });

    expect(Date.now() - before).toBeLessThan(1000);
    expect(cancelled.state).toBe('cancelled');
    expect(cancelled.counts.inserted).toBeLessThan(150_000);
    expect(await system.count(name)).toBe(cancelled.counts.inserted);
    expect((await system.seal(importId, 1)).state).toBe('cancelled');
  });

  it('is done once, and is refused when the import has ended otherwise', async () => {
    const name = await dataset();
    const importId = await system.create(name);
    const authority = await system.owner();
    const cancel = (id: string) => system.gateway.requester.request(cancelImport, { importId: id }, { authority });

    expect((await cancel(importId)).state).toBe('cancelled');
    expect((await cancel(importId)).state).toBe('cancelled');
    const done = await system.imported(name, ndjson(5));
    expect(await codeOf(cancel(done.id))).toBe('IMPORT_STATE');
  });
});

describe('who may do what', () => {
  it('needs imports:create, and records:update for an upsert, and nothing else', async () => {
    const name = await dataset();
    const writer = await system.gateway.caller('ann', [`imports:create:${name}`]);
    const reader = await system.gateway.caller('bob', [`records:create:${name}`, `imports:read:${name}`]);

    expect(await codeOf(system.create(name, {}, reader))).toBe('INSUFFICIENT_SCOPE');
    expect(await codeOf(system.create(name, { options: { mode: 'upsert' } }, writer))).toBe('INSUFFICIENT_SCOPE');
    const importId = await system.create(name, {}, writer);
    await system.publish(importId, ndjson(3));
    await system.gateway.requester.request(
      sealUpload,
      { importId, epoch: 1, length: ndjson(3).length },
      { authority: writer },
    );
    expect((await system.ended(importId)).counts).toEqual(counts({ read: 3, inserted: 3 }));
  });

  it('answers for a dataset that is not there', async () => {
    expect(await codeOf(system.create('nowhere'))).toBe('DATASET_NOT_FOUND');
  });

  it('shows an import to its creator and to readers of its dataset, and hides it from all others', async () => {
    const name = await dataset();
    const ann = await system.gateway.caller('ann', [`imports:create:${name}`]);
    const importId = await system.create(name, {}, ann);
    const { requester } = system.gateway;
    const see = async (authority: string) => [
      await codeOf(requester.request(getImport, { importId }, { authority })),
      await codeOf(requester.request(listRejects, { importId }, { authority })),
      (await requester.request(listImports, { dataset: name }, { authority })).items.length,
    ];

    expect(await see(ann)).toEqual(['none', 'none', 1]);
    expect(await see(await system.gateway.caller('bob', ['imports:read:set-*']))).toEqual(['none', 'none', 1]);
    const eve = await system.gateway.caller('eve', ['imports:create:*', 'imports:read:other']);
    expect(await see(eve)).toEqual(['IMPORT_NOT_FOUND', 'IMPORT_NOT_FOUND', 0]);
    expect(await codeOf(requester.request(cancelImport, { importId }, { authority: eve }))).toBe('IMPORT_NOT_FOUND');
  });

  it('lists newest first, page by page', async () => {
    const name = await dataset();
    const made = [];
    for (let index = 0; index < 5; index += 1) made.push(await system.create(name));
    const authority = await system.owner();
    const list = (cursor?: string) =>
      system.gateway.requester.request(listImports, { dataset: name, limit: 2, cursor }, { authority });

    const first = await list();
    const second = await list(first.next ?? '');
    const third = await list(second.next ?? '');

    const ids = [first, second, third].flatMap(({ items }) => items.map(({ id }) => id));
    expect([...ids].sort()).toEqual([...made].sort());
    expect(ids).toEqual([...ids].sort().reverse());
    expect(third.next).toBeNull();
    expect(await codeOf(list('x.y'))).toBe('CURSOR_INVALID');
  });
});

describe('the event of a completed import', () => {
  it('is published once, with the counts', async () => {
    const done = await system.imported(await dataset(), ndjson(7));

    const event = await until(
      async () => {
        const message = await (
          await jetstreamManager(admin)
        ).streams.getMessage('EVENTS', { last_by_subj: importCompleted.subject });
        return message?.json<{ id: string; type: string; data: unknown }>();
      },
      (found) => found?.id === done.id,
    );

    expect(event).toMatchObject({ type: importCompleted.type, data: { importId: done.id, counts: done.counts } });
  });
});
