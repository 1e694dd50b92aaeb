import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeEvents, type ReplyOf } from '@keyport/contracts';
import { Int32, type BSON } from 'bson';
import fc from 'fast-check';
import { applyChunk, exactly } from '../harness/modes-model.ts';
import { bsonOf, RecordsSystem } from '../harness/records-system.ts';

let system: RecordsSystem;

const keys = { none: null, one: ['n'], several: ['n', 'in.x'] } as const;
type Dataset = keyof typeof keys;

beforeAll(async () => {
  system = await RecordsSystem.start(2);
  for (const [name, key] of Object.entries(keys)) await system.dataset(name, { key: key && [...key] });
});

afterAll(() => system.stop());

interface Event {
  readonly name: string;
  readonly isDelete: boolean;
  readonly row: BSON.Document;
}

interface WriteOptions {
  readonly again?: boolean;
}

async function write(dataset: string, events: readonly Event[], { again }: WriteOptions = {}) {
  const { id } = await system.describe(dataset);
  const key = dataset in keys ? (keys[dataset as Dataset] ?? []) : ['n'];
  const names = events.map(({ name }) => createHash('sha256').update(name).digest().subarray(0, 16));
  return system.bus.ask('import', writeEvents, {
    ...{ dataset, datasetId: id, key: [...key], events: Buffer.concat(names), count: events.length, hasOwnIds: true },
    documents: bsonOf(events.map(({ row }) => row)),
    deletes: events.flatMap(({ isDelete }, index) => (isDelete ? [index] : [])),
    ...(again !== undefined && { again }),
  });
}

const total = ({ rejected, ...counts }: ReplyOf<typeof writeEvents>) =>
  Object.values(counts).reduce((sum, count) => sum + count, rejected.length);

let ids = 0;
/** Of datasets with a key each row has an `_id` of its own: what a superseded row would have clashed with is not told. */
const rowOf = (dataset: Dataset, n: number, x: number, v: number): BSON.Document => ({
  _id: new Int32(dataset === 'none' ? n : (ids += 1)),
  ...{ n: new Int32(n), in: { x: new Int32(x) }, v: new Int32(v) },
});

const small = fc.integer({ min: 0, max: 2 });
const event = fc.record({
  name: fc.integer({ min: 0, max: 40 }),
  isDelete: fc.boolean(),
  n: small,
  x: small,
  v: small,
});
const run = fc.record({
  dataset: fc.constantFrom<Dataset[]>('none', 'one', 'several'),
  batches: fc.array(fc.array(event, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 4 }),
  /** Batches that are sent once more, cut otherwise, as a killed process leaves them. */
  repeats: fc.boolean(),
});

describe('batches of events', () => {
  it('leave what writing the events one by one leaves, each name once, however they are cut and repeated', async () => {
    const seen = { inserted: 0, updated: 0, deleted: 0, repeated: 0, superseded: 0, skipped: 0 };
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(run, async ({ dataset, batches, repeats }) => {
        await (await system.collectionOf(dataset)).deleteMany({});
        runs += 1;
        const rows = batches.map((batch) =>
          batch.map(({ name, isDelete, n, x, v }): Event => ({
            name: `${runs} ${name}`,
            isDelete,
            row: rowOf(dataset, n, x, v),
          })),
        );
        const model: BSON.Document[] = [];
        const written = new Set<string>();
        for (const { name, isDelete, row } of rows.flat()) {
          if (written.has(name)) continue;
          written.add(name);
          applyChunk(
            model,
            { key: keys[dataset] },
            { mode: isDelete ? 'delete' : 'upsert', match: keys[dataset] ?? [], rows: [row] },
          );
        }

        for (const batch of rows) {
          const reply = await write(dataset, batch);
          expect(total(reply)).toBe(batch.length);
          for (const name of Object.keys(seen) as (keyof typeof seen)[]) seen[name] += reply[name];
        }
        if (repeats) expect((await write(dataset, rows.flat())).repeated).toBe(rows.flat().length);

        const stored = (await system.scan(dataset)).map(exactly).sort();
        expect(stored).toEqual(model.map(exactly).sort());
      }),
      { numRuns: 60, seed: Number(process.env.MODES_SEED ?? 20_261_130) },
    );
    // Events that all end the same way would compare nothing.
    expect(Object.values(seen).filter((count) => count < 10)).toEqual([]);
  });

  it('that two processes write at the same moment are written once', async () => {
    await system.dataset('raced', { key: ['n'] });
    const events = Array.from({ length: 500 }, (_, index): Event => ({
      name: `r${index}`,
      isDelete: false,
      row: { _id: index, n: index },
    }));

    const replies = await Promise.all([write('raced', events), write('raced', events), write('raced', events)]);

    expect(replies.map(({ inserted, repeated }) => inserted + repeated)).toEqual([500, 500, 500]);
    expect(replies.reduce((sum, { inserted }) => sum + inserted, 0)).toBe(500);
    expect(await system.scan('raced')).toHaveLength(500);
  });

  it('remember what was refused, and try it again only where that is asked', async () => {
    await system.dataset('unique', { key: ['n'], indexes: [{ fields: ['email'], unique: true }] });
    const refused: Event = { name: 'late', isDelete: false, row: { _id: 2, n: 2, email: 'x' } };
    await write('unique', [{ name: 'a', isDelete: false, row: { _id: 1, n: 1, email: 'x' } }]);
    const first = await write('unique', [refused, { name: 'b', isDelete: false, row: { _id: 3, n: 3 } }]);
    await write('unique', [{ name: 'c', isDelete: true, row: { _id: 0, n: 1 } }]);

    const second = await write('unique', [refused]);
    const again = await write('unique', [refused], { again: true });
    const third = await write('unique', [refused], { again: true });

    expect(first).toMatchObject({ inserted: 1, rejected: [{ index: 0, code: 'DUPLICATE_KEY', path: 'email' }] });
    expect(second).toMatchObject({ inserted: 0, rejected: [{ index: 0, code: 'DUPLICATE_KEY' }] });
    expect(again).toMatchObject({ inserted: 1, rejected: [] });
    expect(third).toMatchObject({ repeated: 1, rejected: [] });
  });

  it('are forgotten with their dataset, and refused for one that was made anew', async () => {
    await system.dataset('anew', { key: ['n'] });
    const { id } = await system.describe('anew');
    const event: Event = { name: 'a', isDelete: false, row: { _id: 1, n: 1 } };
    await write('anew', [event]);
    await system.remove('anew');
    await system.dataset('anew', { key: ['n'] });

    const old = system.bus.ask('import', writeEvents, {
      ...{
        dataset: 'anew',
        datasetId: id,
        key: ['n'],
        events: Buffer.alloc(16),
        count: 1,
        deletes: [],
        hasOwnIds: true,
      },
      documents: bsonOf([event.row]),
    });

    await expect(old).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND' });
    expect(await write('anew', [event])).toMatchObject({ inserted: 1 });
  });

  it('are written by who may create, change and delete all records of the dataset, and nobody else', async () => {
    const { id } = await system.describe('one');
    const request = {
      ...{
        dataset: 'one',
        datasetId: id,
        key: ['n'],
        events: Buffer.alloc(16),
        count: 1,
        deletes: [],
        hasOwnIds: true,
      },
      documents: bsonOf([{ _id: 1, n: 1 }]),
    };
    const authorities = [
      await system.bus.caller('records:create:one', 'records:update:one'),
      await system.bus.limited({ fields: ['n'] }),
      await system.bus.limited({ filter: { n: 1 } }),
    ];

    for (const authority of authorities) {
      await expect(system.bus.ask('import', writeEvents, request, { authority })).rejects.toMatchObject({
        code: 'INSUFFICIENT_SCOPE',
      });
    }
  });

  it('keep their names for at least seven days, by an index that lets them go', async () => {
    const entry = await system.database.db?.collection('writtenEvents').findOne({});
    const indexes = await system.database.db?.collection('writtenEvents').indexes();

    expect((entry?.['expiresAt'] as Date).getTime() - Date.now()).toBeGreaterThan(7 * 24 * 3_600_000 - 600_000);
    expect(indexes).toContainEqual(expect.objectContaining({ key: { expiresAt: 1 }, expireAfterSeconds: 0 }));
  });
});
