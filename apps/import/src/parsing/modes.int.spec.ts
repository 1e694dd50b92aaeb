import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ImportSystem } from '../harness/import-system.ts';
import { counts } from '../harness/rows.ts';

let system: ImportSystem;

beforeAll(async () => {
  system = await ImportSystem.start();
  await system.startImport();
});

afterAll(() => system.stop());

const file = (...rows: object[]) => Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
const schema = {
  type: 'object',
  properties: { at: { type: 'string', format: 'date-time' }, name: { type: 'string' }, qty: { type: 'integer' } },
  required: ['at', 'name'],
};
const at = '2026-01-02T03:04:05Z';

async function stored(name: string) {
  return (await system.collection(name))
    .find({}, { projection: { _id: 0 } })
    .sort({ name: 1 })
    .toArray();
}

describe('an import in each mode', () => {
  it('replaces what is there, counts what is not as skipped, and checks rows as records', async () => {
    const name = await system.dataset({ schema, key: ['name'] });
    await system.imported(name, file({ at, name: 'a', qty: 1 }));

    const rows = file({ at, name: 'a' }, { at, name: 'b' }, { name: 'a' });
    const done = await system.imported(name, rows, { options: { mode: 'replace' } });

    expect(done).toMatchObject({ state: 'completed', mode: 'replace' });
    expect(done.counts).toEqual(counts({ read: 3, updated: 1, rejected: 1, skipped: 1 }));
    expect((await system.rejects(done.id)).map(({ row, code }) => [row, code])).toEqual([[3, 'SCHEMA_VIOLATION']]);
    expect(await stored(name)).toEqual([{ at: new Date(at), name: 'a' }]);
  });

  it('merges rows that hold a part of what the schema requires', async () => {
    const name = await system.dataset({ schema, key: ['name'] });
    await system.imported(name, file({ at, name: 'a', qty: 1 }));

    const rows = file({ name: 'a', qty: 2 }, { name: 'b' }, { at, name: 'c' }, { name: 'a', qty: 'many' });
    const done = await system.imported(name, rows, { options: { mode: 'merge' } });

    expect(done.counts).toEqual(counts({ read: 4, inserted: 1, updated: 1, rejected: 2 }));
    expect((await system.rejects(done.id)).map(({ row, code }) => [row, code])).toEqual([
      [2, 'SCHEMA_VIOLATION'],
      [4, 'TYPE_MISMATCH'],
    ]);
    expect(await stored(name)).toEqual([
      { at: new Date(at), name: 'a', qty: 2 },
      { at: new Date(at), name: 'c' },
    ]);
  });

  it('deletes by rows that hold the key alone, with the types that are stored', async () => {
    const name = await system.dataset({ schema, key: ['at'] });
    const later = '2026-01-02T03:04:06Z';
    await system.imported(name, file({ at, name: 'a' }, { at: later, name: 'b' }));

    const done = await system.imported(name, file({ at }, { at }, {}), { options: { mode: 'delete' } });

    expect(done.counts).toEqual(counts({ read: 3, deleted: 1, rejected: 1, skipped: 1 }));
    expect((await system.rejects(done.id)).map(({ row, code }) => [row, code])).toEqual([[3, 'MISSING_KEY']]);
    expect(await stored(name)).toEqual([{ at: new Date(later), name: 'b' }]);
  });

  it.each(['replace', 'merge', 'delete'] as const)('%s by _id refuses a row without one', async (mode) => {
    const name = await system.dataset();

    const done = await system.imported(name, file({ n: 1 }), { options: { mode } });

    expect(done.counts).toEqual(counts({ read: 1, rejected: 1 }));
    expect((await system.rejects(done.id)).map(({ code }) => code)).toEqual(['MISSING_KEY']);
  });
});
