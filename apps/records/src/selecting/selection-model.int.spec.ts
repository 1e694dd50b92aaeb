import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RowLimit } from '@keyport/access';
import { codeOf } from '@keyport/testing';
import fc from 'fast-check';
import type { ModelRow } from '../harness/limits-model.ts';
import { plainly, RecordsSystem } from '../harness/records-system.ts';
import { select, type ModelSelection } from '../harness/selection-model.ts';

let system: RecordsSystem;

const schema = {
  properties: { at: { type: 'string', format: 'date-time' }, in: { properties: { at: { format: 'date-time' } } } },
};

beforeAll(async () => {
  system = await RecordsSystem.start();
  for (const name of ['plain', 'indexed']) await system.dataset(name, { schema });
  const indexed = await system.collectionOf('indexed');
  await indexed.createIndexes([{ key: { v: 1 } }, { key: { at: 1, _id: 1 } }, { key: { n: -1, v: 1, _id: 1 } }]);
});

afterAll(() => system.stop());

const days = ['2024-01-01', '2024-01-02', '2024-01-03'];
const small = fc.integer({ min: 0, max: 3 });
const text = fc.constantFrom('a', 'ab', 'b', '');
const scalar = fc.oneof(small, text, fc.constantFrom(null, true, false, 1.5));
const day = fc.constantFrom(...days).map((name) => new Date(name));
const value = fc.oneof(scalar, day, fc.array(fc.oneof(small, text), { maxLength: 3 }), fc.record({ x: small }));

const row: fc.Arbitrary<ModelRow> = fc
  .record(
    { n: small, v: value, at: fc.oneof(day, text, fc.constant(null)), in: fc.record({ at: day, x: small }) },
    { requiredKeys: [] },
  )
  .map((rest) => ({ _id: 0, ...rest }));
const stored = fc.array(row, { maxLength: 25 }).map((rows) => rows.map((one, index) => ({ ...one, _id: index * 2 })));

interface Condition {
  readonly path: string;
  /** As a caller writes it, and as it is meant. */
  readonly asked: unknown;
  readonly meant: unknown;
}

const same = (path: string, asked: unknown): Condition => ({ path, asked, meant: asked });
const operator = fc.constantFrom('$gt', '$gte', '$lt', '$eq', '$ne');
const dated = fc
  .tuple(fc.constantFrom('at', 'in.at'), operator, fc.constantFrom(...days), fc.boolean())
  .map(([path, name, date, isNot]): Condition => {
    const wrapped = (operand: unknown) => (isNot ? { $not: { [name]: operand } } : { [name]: operand });
    return { path, asked: wrapped(date), meant: wrapped(new Date(date)) };
  });
const condition: fc.Arbitrary<Condition> = fc.oneof(
  dated,
  fc
    .tuple(fc.constantFrom('v', 'n', 'in.x', '_id'), operator, fc.oneof(small, text))
    .map(([path, name, operand]) => same(path, { [name]: operand })),
  fc.tuple(fc.constantFrom('v', 'n'), scalar).map(([path, operand]) => same(path, operand)),
  fc.array(scalar, { maxLength: 3 }).map((list) => same('v', { $in: list })),
  fc.boolean().map((flag) => same('v', { $exists: flag })),
  fc.constantFrom('^a', 'b$', '^$', 'a?b').map((pattern) => same('v', { $regex: pattern })),
);
const filter = fc
  .tuple(fc.constantFrom('$and', '$or', '$nor'), fc.array(condition, { minLength: 1, maxLength: 3 }))
  .map(([connective, conditions]) => {
    const of = (side: 'asked' | 'meant') => ({ [connective]: conditions.map((one) => ({ [one.path]: one[side] })) });
    return { asked: of('asked'), meant: of('meant'), paths: conditions.map(({ path }) => path) };
  });
const sortKey = fc.constantFrom('v', '-v', 'n', '-n', 'at', '-at', 'in.x', '-in.at');
const sort = fc
  .uniqueArray(sortKey, { minLength: 1, maxLength: 2, selector: (key) => key.replace('-', '') })
  // Where all else is equal, order is not certain without it.
  .chain((keys) => fc.constantFrom('_id', '-_id').map((last) => [...keys, last]));

const fields = fc.subarray(['_id', 'v', 'n', 'at', 'in', 'in.at'], { minLength: 1 });
const limits: fc.Arbitrary<RowLimit[]> = fc.oneof(
  fc.constant<RowLimit[]>([{}]),
  fc.array(
    fc.record({
      filter: fc.option(
        fc.oneof(
          small.map((least) => ({ n: { $gte: least } })),
          small.map((one) => ({ _id: { $ne: one * 2 } })),
        ),
        { nil: undefined },
      ),
      fields: fc.option(fc.oneof(fields, fc.constant(['_id', 'v', 'n', 'at', 'in'])), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
);
const option = <Value>(of: fc.Arbitrary<Value>) => fc.option(of, { nil: undefined });

describe('a scan of a selection', () => {
  it.each(['plain', 'indexed'])('gives of random records what a plain model gives (%s)', async (name) => {
    const collection = await system.collectionOf(name);
    const asked = fc.record({
      ...{ filter: option(filter), sort: option(sort), fields: option(fields) },
      ...{ after: option(fc.integer({ min: -1, max: 30 })), limit: option(fc.integer({ min: 1, max: 9 })) },
      ...{ maxBytes: fc.constantFrom(1, 60, 1_000_000) },
    });
    await fc.assert(
      fc.asyncProperty(stored, limits, asked, async (rows, held, { maxBytes, ...wanted }) => {
        await collection.deleteMany({});
        if (rows.length > 0) await collection.insertMany(rows.map((one) => ({ ...one })) as never[]);
        const after = wanted.sort ? undefined : wanted.after;
        // Without an order, a page's limit is its own; export counts over pages.
        const limit = wanted.sort && wanted.limit;
        const selection: ModelSelection = {
          ...{ filter: wanted.filter?.meant ?? {}, sort: wanted.sort, fields: wanted.fields, after, limit },
          compared: [
            ...(wanted.filter?.paths ?? []),
            ...(wanted.sort ?? []).map((key) => key.replace('-', '')),
            ...(after === undefined ? [] : ['_id']),
          ],
        };
        const expected = select(rows, held, selection);

        const request = {
          ...(wanted.filter && { filter: JSON.stringify(wanted.filter.asked) }),
          ...{ sort: wanted.sort, fields: wanted.fields, limit: wanted.limit, maxBytes },
          ...(after !== undefined && { afterId: String(after) }),
        };
        const scanned = system.plain(name, request, await system.bus.limited(...held));

        if (expected) expect(await scanned).toEqual(plainly(expected));
        else expect(await codeOf(scanned)).toBe('FIELD_NOT_ALLOWED');
      }),
      { numRuns: 150, seed: 20_261_130 },
    );
  });
});
