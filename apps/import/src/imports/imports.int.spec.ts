import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { importCompleted } from '@keyport/contracts';
import { eventually } from '@keyport/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import { counts, ndjson } from '../harness/rows.ts';
import { ImportSystem } from '../harness/import-system.ts';

let system: ImportSystem;

beforeAll(async () => {
  system = await ImportSystem.start();
  await system.startImport({ KEYPORT_REJECTS_KEPT: '50' });
});

afterAll(() => system.stop());

const bytesOf = (text: string) => Buffer.from(text);

describe('an import', () => {
  it('writes every row once and says so', async () => {
    const name = await system.dataset();
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
    const name = await system.dataset();

    const done = await system.imported(name, bytesOf('{"n":1}\n\nnot json\n{"n":2}\n{"n":\n'));

    expect(done).toMatchObject({ state: 'completed', counts: counts({ read: 4, inserted: 2, rejected: 2 }) });
    expect(await system.rejects(done.id)).toEqual([
      expect.objectContaining({ row: 2, line: 3, byteOffset: 9, code: 'MALFORMED_JSON', raw: 'not json' }),
      expect.objectContaining({ row: 4, line: 5, code: 'MALFORMED_JSON' }),
    ]);
  });

  it('counts every rejected row and keeps the text of the first ones', async () => {
    const name = await system.dataset();
    const file = bytesOf(Array.from({ length: 3000 }, (_, n) => (n % 3 === 0 ? `bad ${n}` : `{"n":${n}}`)).join('\n'));

    const done = await system.imported(name, file);

    expect(done.counts).toEqual(counts({ read: 3000, inserted: 2000, rejected: 1000 }));
    expect((await system.rejects(done.id)).map(({ row }) => row)).toEqual(
      Array.from({ length: 50 }, (_, index) => 3 * index + 1),
    );
  });

  it('fails where there are no rows, and tells which code', async () => {
    const done = await system.imported(await system.dataset(), bytesOf(''));

    expect(done).toMatchObject({ state: 'failed', error: { code: 'EMPTY_FILE' }, counts: counts({}) });
  });

  it('stops at the first bad row with onError=abort; what was written stays and is counted', async () => {
    const name = await system.dataset();
    const file = Buffer.concat([ndjson(2500), bytesOf('oops\n'), ndjson(20_000)]);

    const done = await system.imported(name, file, { options: { onError: 'abort' } });

    expect(done).toMatchObject({ state: 'failed', error: { code: 'TOO_MANY_REJECTS' } });
    expect(done.counts).toEqual(counts({ read: 3000, inserted: 2999, rejected: 1 }));
    expect(await system.count(name)).toBe(2999);
  });

  it('refuses rows with a key that is there already, with their lines', async () => {
    const name = await system.dataset({ key: ['n'] });
    await system.imported(name, ndjson(10));

    const done = await system.imported(name, ndjson(4, { from: 8 }));

    expect(done.counts).toEqual(counts({ read: 4, inserted: 2, rejected: 2 }));
    expect(await system.rejects(done.id)).toEqual([
      expect.objectContaining({ row: 1, line: 1, code: 'DUPLICATE_KEY' }),
      expect.objectContaining({ row: 2, line: 2, code: 'DUPLICATE_KEY' }),
    ]);
  });

  it('changes what is there with mode upsert, and leaves equal rows alone', async () => {
    const name = await system.dataset({ key: ['n'] });
    await system.imported(name, ndjson(1500));
    const file = Buffer.concat([ndjson(1000), ndjson(1000, { from: 1000, width: 90 })]);

    const done = await system.imported(name, file, { options: { mode: 'upsert' } });

    expect(done.counts).toEqual(counts({ read: 2000, unchanged: 1000, updated: 500, inserted: 500 }));
    expect(await system.count(name)).toBe(2000);
  });
});

describe('the event of a completed import', () => {
  it('is published once, with the counts', async () => {
    const done = await system.imported(await system.dataset(), ndjson(7));

    const event = await eventually(
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
