import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { importCompleted, writeMode, type Import } from '@keyport/contracts';
import { eventually } from '@keyport/testing';
import { ImportSystem } from '../harness/import-system.ts';

let system: ImportSystem;

beforeAll(async () => {
  system = await ImportSystem.start();
  await system.startImport();
});

afterAll(() => system.stop());

const schema = { properties: { n: { type: 'integer' }, v: { type: 'integer', maximum: 99 } } };

/** Rows over several chunks, some twice, some that no schema takes, and some that are no rows. */
const file = (() => {
  const lines = Array.from({ length: 3300 }, (_, index) => {
    if (index % 97 === 0) return 'nothing';
    return JSON.stringify({ n: index % 2900, v: index % 101 });
  });
  return Buffer.from(`${lines.join('\n')}\n`);
})();

async function contentOf(name: string) {
  const collection = await system.collection(name);
  const hashed = await system.mongodb.db('records').command({ dbHash: 1, collections: [collection.collectionName] });
  const definition = await system.mongodb
    .db('records')
    .collection('datasets')
    // What is to be told of the dataset's own making is told in the meantime.
    .findOne({ _id: name as never }, { projection: { untold: 0 } });
  return { hash: hashed['md5'] as string, count: await collection.countDocuments(), definition };
}

async function filled(): Promise<string> {
  const name = await system.dataset({ schema, key: ['n'] });
  const rows = Array.from({ length: 1500 }, (_, n) => `{"n":${2 * n},"v":${(2 * n) % 101}}\n`).join('');
  await system.imported(name, Buffer.from(rows));
  return name;
}

const rejectsOf = async ({ id }: Import) => (await system.rejects(id)).map(({ row, code, path }) => [row, code, path]);

describe('a dry run', () => {
  it.each(writeMode.options)('of %s gives the report of the import that follows, and changes nothing', async (mode) => {
    const name = await filled();
    const before = await contentOf(name);

    const tried = await system.imported(name, file, { options: { mode, dryRun: true } });

    expect(await contentOf(name)).toEqual(before);
    const done = await system.imported(name, file, { options: { mode } });
    expect(tried).toMatchObject({ state: 'completed', dryRun: true, mode });
    expect(done).toMatchObject({ state: 'completed', dryRun: false });
    expect(tried.counts).toEqual(done.counts);
    expect(await rejectsOf(tried)).toEqual(await rejectsOf(done));
    expect((await contentOf(name)).hash).not.toBe(before.hash);
  });

  it('leaves nothing behind, and is not announced as a completed import', async () => {
    const name = await filled();
    const admin = await system.servers.connectionOf('admin-auth');
    const heard: string[] = [];
    admin.subscribe(importCompleted.subject, {
      callback: (_, message) => {
        heard.push(message.json<{ data: { importId: string } }>().data.importId);
      },
    });
    await admin.flush();

    const { id } = await system.imported(name, file, { options: { mode: 'upsert', dryRun: true } });
    const after = await system.imported(name, Buffer.from('{"n":1}\n'), { options: { mode: 'upsert' } });

    await eventually(
      () => Promise.resolve(heard),
      (ids) => ids.includes(after.id),
    );
    expect(heard).not.toContain(id);
    const left = () => system.mongodb.db('records').listCollections({ name: /^dry_/ }).toArray();
    await eventually(left, (found) => found.length === 0);
  });

  it('stops where onError=abort would, with the same counts', async () => {
    const name = await filled();
    const options = { mode: 'insert', onError: 'abort', maxErrors: 40 } as const;

    const tried = await system.imported(name, file, { options: { ...options, dryRun: true } });
    const done = await system.imported(name, file, { options });

    expect(tried).toMatchObject({ state: 'failed', error: { code: 'TOO_MANY_REJECTS' }, counts: done.counts });
    expect(done.error).toEqual(tried.error);
  });
});
