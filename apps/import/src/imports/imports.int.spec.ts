import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  cancelImport,
  getImport,
  importCompleted,
  listImports,
  listRejects,
  type AuthorizationDetail,
} from '@keyport/contracts';
import { codeOf, eventually, PublishedRights, type Who } from '@keyport/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import { counts, ndjson } from '../harness/rows.ts';
import { ImportSystem } from '../harness/import-system.ts';

let system: ImportSystem;

beforeAll(async () => {
  system = await ImportSystem.start();
  await system.startImport({ KEYPORT_REJECTS_KEPT: '50' });
});

afterAll(() => system.stop());

/** Someone whose right on every dataset is narrowed. */
const limitedTo = (action: string, limit: Partial<AuthorizationDetail>): Who => ({
  ...{ sub: `limited-${action}`, scope: `${action}:*` },
  authorization_details: [{ type: 'keyport_dataset', datasets: ['*'], actions: [action], ...limit }],
});

const bytesOf = (text: string) => Buffer.from(text);

/** A dataset with the key `n` and the rows of another. */
async function copyOf(name: string): Promise<string> {
  const copy = await system.dataset({ key: ['n'] });
  const rows = await (await system.collection(name)).find({}, { projection: { _id: 0 } }).toArray();
  await system.imported(copy, bytesOf(rows.map((row) => JSON.stringify(row)).join('\n')));
  return copy;
}

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
    expect(done.error?.detail).toMatch(/stopped after 2501 rows because more than 0 of them were rejected/);
    expect(done.counts).toEqual(counts({ read: 2501, inserted: 2500, rejected: 1 }));
    expect(await system.count(name)).toBe(2500);
  });

  it('stops with maxErrors at the row that is one too many, whether it is bad or its key is there', async () => {
    const name = await system.dataset({ key: ['n'] });
    await system.imported(name, bytesOf('{"n":10}\n{"n":20}\n{"n":30}\n'));
    const file = bytesOf(
      Array.from({ length: 40 }, (_, index) => (index % 9 === 8 ? 'bad' : `{"n":${index + 1}}`)).join('\n'),
    );

    // Rejected are the rows 9, 10, 18, 20, 27, 30 and 36.
    for (const [maxErrors, row] of [
      [0, 9],
      [1, 10],
      [3, 20],
    ] as const) {
      const done = await system.imported(await copyOf(name), file, { options: { maxErrors } });

      expect(done).toMatchObject({ state: 'failed', error: { code: 'TOO_MANY_REJECTS' } });
      expect(done.counts).toEqual(counts({ read: row, inserted: row - maxErrors - 1, rejected: maxErrors + 1 }));
      expect((await system.rejects(done.id)).at(-1)?.row).toBe(row);
      expect(await system.count(done.dataset)).toBe(3 + row - maxErrors - 1);
    }
    const whole = await system.imported(name, file, { options: { maxErrors: 7 } });
    expect(whole).toMatchObject({ state: 'completed', counts: counts({ read: 40, inserted: 33, rejected: 7 }) });
  });

  it('refuses rows without _id where mode upsert finds records by it', async () => {
    const name = await system.dataset();
    const options = { mode: 'upsert' } as const;

    const asJson = await system.imported(name, bytesOf('{"_id":1,"n":1}\n{"n":2}\n'), { options });
    const asCsv = await system.imported(name, bytesOf('_id,n\n1,x\n,y\n'), { format: 'csv', options });

    for (const done of [asJson, asCsv]) {
      expect(done).toMatchObject({ state: 'completed', counts: counts({ read: 2, inserted: 1, rejected: 1 }) });
      expect(await system.rejects(done.id)).toMatchObject([{ row: 2, code: 'MISSING_KEY', path: '_id' }]);
    }
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

describe('who may do what', () => {
  it('needs imports:create, and records:update for an upsert, and nothing else', async () => {
    const name = await system.dataset();
    const writer = { sub: 'ann', scope: `imports:create:${name}` };
    const reader = { sub: 'bob', scope: `records:create:${name} imports:read:${name}` };

    expect(await codeOf(system.create(name, {}, reader))).toBe('INSUFFICIENT_SCOPE');
    expect(await codeOf(system.create(name, { options: { mode: 'upsert' } }, writer))).toBe('INSUFFICIENT_SCOPE');
    const importId = await system.create(name, {}, writer);
    await system.publish(importId, ndjson(3));
    await system.seal(importId, ndjson(3).length, { who: writer });
    expect((await system.ended(importId)).counts).toEqual(counts({ read: 3, inserted: 3 }));
  });

  it('answers for a dataset that is not there', async () => {
    expect(await codeOf(system.create('nowhere'))).toBe('DATASET_NOT_FOUND');
  });

  it('shows an import to its creator and to readers of its dataset, and hides it from all others', async () => {
    const name = await system.dataset();
    const ann = { sub: 'ann', scope: `imports:create:${name}` };
    const importId = await system.create(name, {}, ann);
    const see = async (who: Who) => [
      await codeOf(system.ask(getImport, { importId }, who)),
      await codeOf(system.ask(listRejects, { importId }, who)),
      (await system.ask(listImports, { dataset: name }, who)).items.length,
    ];

    expect(await see(ann)).toEqual(['none', 'none', 1]);
    expect(await see({ sub: 'bob', scope: 'imports:read:set-*' })).toEqual(['none', 'none', 1]);
    const eve = { sub: 'eve', scope: 'imports:create:* imports:read:other' };
    expect(await see(eve)).toEqual(['IMPORT_NOT_FOUND', 'IMPORT_NOT_FOUND', 0]);
    expect(await codeOf(system.ask(cancelImport, { importId }, eve))).toBe('IMPORT_NOT_FOUND');
  });

  it('lists by dataset, states and the time of creation, page by page', async () => {
    const name = await system.dataset();
    const ids: string[] = [];
    for (let made = 0; made < 4; made += 1) ids.unshift(await system.create(name));
    const [fourth = '', third = '', second = '', first = ''] = ids;
    await system.ask(cancelImport, { importId: third });
    const list = async (filter: object) => {
      const found: string[] = [];
      for (let cursor: string | undefined; ;) {
        const page = await system.ask(listImports, { dataset: name, limit: 2, cursor, ...filter });
        found.push(...page.items.map(({ id }) => id));
        if (page.next === null) return found;
        cursor = page.next;
      }
    };
    const { createdAt } = await system.get(third);

    expect(await list({})).toEqual(ids);
    expect(await list({ state: 'cancelled' })).toEqual([third]);
    expect(await list({ state: ['receiving', 'paused'] })).toEqual([fourth, second, first]);
    expect(await list({ state: ['receiving', 'cancelled'] })).toEqual(ids);
    expect(await list({ state: ['completed'] })).toEqual([]);
    expect(await list({ createdAfter: createdAt })).toEqual([fourth, third]);
    expect(await list({ createdBefore: createdAt })).toEqual([second, first]);
    expect(await list({ createdAfter: createdAt, createdBefore: createdAt })).toEqual([]);
  });

  it('shows an import only to who may read all the rows and fields that it touches', async () => {
    const name = await system.dataset();
    const eu = { filter: { region: 'eu' } };
    const maker = limitedTo('imports:create', eu);
    const ids = [await system.create(name), await system.create(name, {}, maker)] as const;
    const seen = async (who: Who) => {
      const codes = ids.map(async (importId) => [
        await codeOf(system.ask(getImport, { importId }, who)),
        await codeOf(system.ask(listRejects, { importId }, who)),
      ]);
      const { items } = await system.ask(listImports, { dataset: name }, who);
      return [...(await Promise.all(codes)).flat(), items.length];
    };
    const [hidden, shown] = ['IMPORT_NOT_FOUND', 'none'];

    expect(await seen({ sub: 'all', scope: 'imports:read:*' })).toEqual([shown, shown, shown, shown, 2]);
    expect(await seen(maker)).toEqual([hidden, hidden, shown, shown, 1]);
    expect(await seen(limitedTo('imports:read', eu))).toEqual([hidden, hidden, shown, shown, 1]);
    const us = limitedTo('imports:read', { filter: { region: 'us' } });
    expect(await seen(us)).toEqual([hidden, hidden, hidden, hidden, 0]);
    const controller = limitedTo('imports:update', eu);
    expect(await codeOf(system.ask(cancelImport, { importId: ids[0] }, controller))).toBe(hidden);
    expect((await system.ask(cancelImport, { importId: ids[1] }, controller)).state).toBe('cancelled');
  });

  it('shows its creator how an import ended whose right was taken away, and not what is in it', async () => {
    const name = await system.dataset();
    const rights = new PublishedRights(await system.servers.connectionOf('auth'));
    const gus = { sub: 'gus', key: 'lowered', scope: `imports:create:${name}` };
    const importId = await system.create(name, {}, gus);

    await rights.publishCeiling('lowered', []);

    const done = await eventually(
      () => system.ask(getImport, { importId }, gus),
      ({ state }) => state === 'failed',
    );
    expect(done.error?.code).toBe('RIGHTS_LOST');
    expect(await codeOf(system.ask(listRejects, { importId }, gus))).toBe('INSUFFICIENT_SCOPE');
  });

  it('lists newest first, page by page', async () => {
    const name = await system.dataset();
    const made = [];
    for (let index = 0; index < 5; index += 1) made.push(await system.create(name));
    const list = (cursor?: string) => system.ask(listImports, { dataset: name, limit: 2, cursor });

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
    const manager = await jetstreamManager(await system.servers.connectionOf('admin-auth'));
    const done = await system.imported(await system.dataset(), ndjson(7));

    const event = await eventually(
      async () => {
        const message = await manager.streams.getMessage('EVENTS', { last_by_subj: importCompleted.subject });
        return message?.json<{ subject: string; type: string; data: unknown }>();
      },
      (found) => found?.subject === done.id,
    );

    expect(event).toMatchObject({ type: importCompleted.type, data: { importId: done.id, counts: done.counts } });
  });
});
