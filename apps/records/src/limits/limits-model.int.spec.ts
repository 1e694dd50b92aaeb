import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RowLimit } from '@keyport/access';
import { writeMode } from '@keyport/contracts';
import fc from 'fast-check';
import { applyRows, visible, type ModelRow } from '../harness/limits-model.ts';
import { RecordsSystem } from '../harness/records-system.ts';

let system: RecordsSystem;

beforeAll(async () => {
  system = await RecordsSystem.start();
  await system.dataset('model');
});

afterAll(() => system.stop());

const small = fc.integer({ min: 0, max: 3 });
const region = fc.constantFrom('eu', 'us', null);
const inner = fc.oneof(fc.record({ x: small, y: small }, { requiredKeys: [] }), small);

const row: fc.Arbitrary<ModelRow> = fc
  .tuple(fc.integer({ min: 0, max: 5 }), fc.record({ region, n: small, in: inner }, { requiredKeys: [] }))
  .map(([_id, rest]) => ({ _id, ...rest }));

const leaf: fc.Arbitrary<Record<string, unknown>> = fc.oneof(
  region.map((value) => ({ region: value })),
  region.map((value) => ({ region: { $ne: value } })),
  small.map((value) => ({ n: { $gte: value } })),
  fc.array(small, { maxLength: 3 }).map((values) => ({ n: { $in: values } })),
  small.map((value) => ({ 'in.x': value })),
  fc.boolean().map((value) => ({ in: { $exists: value } })),
  small.map((value) => ({ _id: { $gte: value } })),
);
const filter = fc.oneof(
  leaf,
  fc
    .tuple(fc.constantFrom('$or', '$and', '$nor'), fc.array(leaf, { minLength: 1, maxLength: 3 }))
    .map(([connective, branches]) => ({ [connective]: branches })),
);
const fields = fc.subarray(['_id', 'region', 'n', 'in', 'in.x', 'in.y'], { minLength: 1 });
const limit: fc.Arbitrary<RowLimit> = fc.record({
  filter: fc.option(filter, { nil: undefined }),
  // Often with all top-level fields but one, so that rows are not all refused.
  fields: fc.option(fc.oneof(fields, fc.constant(['_id', 'region', 'n', 'in.x'])), { nil: undefined }),
});
const limits = fc.array(limit, { minLength: 1, maxLength: 3 });
const stored = fc.uniqueArray(row, { selector: ({ _id }) => _id, maxLength: 6 });

async function store(rows: readonly ModelRow[]): Promise<void> {
  const collection = await system.collectionOf('model');
  await collection.deleteMany({});
  if (rows.length > 0) await collection.insertMany(rows.map((one) => ({ ...one })) as never[]);
}

const inOrder = (rows: Iterable<ModelRow>) => [...rows].sort((one, other) => one._id - other._id);
const runs = (numRuns: number) => ({ numRuns, seed: 20_261_124 });

describe('limits', () => {
  it('show of random rows what a plain model shows, by pages and one by one', async () => {
    const page = fc.constantFrom({}, { maxBytes: 1 }, { limit: 2 });
    await fc.assert(
      fc.asyncProperty(stored, limits, page, async (rows, held, options) => {
        await store(rows);
        const authority = await system.bus.limited(...held);

        expect(await system.plain('model', options, authority)).toEqual(visible(inOrder(rows), held, undefined));
        for (const one of rows) {
          const id = JSON.stringify({ $numberInt: String(one._id) });
          const found = await system.json('model', id, authority).then(
            (json) => [JSON.parse(json) as object],
            () => [],
          );
          expect(found).toEqual(visible([one], held, undefined));
        }
      }),
      runs(60),
    );
  });

  it('show of the fields asked for those that are allowed', async () => {
    await fc.assert(
      fc.asyncProperty(stored, limits, fields, async (rows, held, asked) => {
        await store(rows);
        const isAllowed = (path: string) =>
          held.some((one) => !one.fields || one.fields.some((field) => path === field || path.startsWith(`${field}.`)));
        const scanned = system.plain('model', { fields: asked }, await system.bus.limited(...held));

        if (!asked.every(isAllowed)) await expect(scanned).rejects.toMatchObject({ code: 'FIELD_NOT_ALLOWED' });
        else expect(await scanned).toEqual(visible(inOrder(rows), held, asked));
      }),
      runs(80),
    );
  });

  it('let random rows be written as a plain model writes them one by one', async () => {
    const mode = fc.constantFrom(...writeMode.options);
    await fc.assert(
      fc.asyncProperty(stored, limits, mode, fc.array(row, { maxLength: 10 }), async (before, held, how, rows) => {
        await store(before);
        const expected = new Map(before.map((one) => [one._id, one]));
        const model = applyRows(expected, rows, held, how);

        const authority = await system.bus.limited(...held);
        const { rejected, ...counts } = await system.write('model', rows, { mode: how }, { authority });

        const refusals = rejected.map(({ index, code, path }) => [index, code, ...(path === undefined ? [] : [path])]);
        expect({ ...counts, rejected: refusals }).toEqual(model);
        const after = await system.plain('model');
        expect(after.map((one) => JSON.stringify(one))).toEqual(
          inOrder(expected.values()).map((one) => JSON.stringify(one)),
        );
      }),
      runs(300),
    );
  });
});
