import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeMode } from '@keyport/contracts';
import { Double, Int32, Long, type BSON } from 'bson';
import fc from 'fast-check';
import { applyChunk, byId, exactly, type ModelChunk, type ModelReply } from '../harness/modes-model.ts';
import { RecordsSystem, refusalsOf } from '../harness/records-system.ts';
import { noCounts } from './plan.ts';

let system: RecordsSystem;

const keys = { none: null, one: ['n'], several: ['n', 'in.x'], withId: ['_id', 'n'] } as const;
type Dataset = keyof typeof keys;

beforeAll(async () => {
  system = await RecordsSystem.start(2);
  for (const [name, key] of Object.entries(keys)) await system.dataset(name.toLowerCase(), { key: key && [...key] });
});

afterAll(() => system.stop());

const number = fc.oneof(
  fc.integer({ min: 0, max: 2 }).map((value) => new Int32(value)),
  fc.constantFrom(new Double(1), Long.fromNumber(1), new Double(0.5)),
);
const scalar: fc.Arbitrary<unknown> = fc.oneof({ weight: 4, arbitrary: number }, fc.constantFrom('1', 'x', null));
const keyed = fc.oneof({ weight: 9, arbitrary: scalar }, fc.constant([new Int32(1)]));
const inner = fc.oneof(
  { weight: 4, arbitrary: fc.record({ x: keyed, y: scalar }, { requiredKeys: [] }) },
  fc.constantFrom('text', null, [{ x: new Int32(1) }]),
);
const id = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 9 }).map((value) => new Int32(value)) },
  fc.constantFrom('a', 'b', new Double(3), Long.fromNumber(4)),
);
const row: fc.Arbitrary<BSON.Document> = fc
  .tuple(id, fc.record({ n: keyed, in: inner, m: keyed, v: scalar, $odd: scalar }, { requiredKeys: [] }))
  .map(([_id, rest]) => ({ _id, ...rest }));
const match = fc.constantFrom<string[][]>([], ['_id'], ['n'], ['m'], ['n', 'in.x'], ['in.x', 'm'], ['_id', 'n']);

interface Run {
  readonly dataset: Dataset;
  readonly chunks: readonly ModelChunk[];
}

/** Rows of one mode, cut into chunks anywhere; some runs go on in another mode, or with the same rows. */
const cut = fc
  .tuple(fc.array(row, { minLength: 1, maxLength: 24 }), fc.array(fc.nat(24), { maxLength: 3 }))
  .map(([rows, at]) => {
    const ends = [...new Set([0, ...at.filter((end) => end < rows.length), rows.length])].sort((a, b) => a - b);
    return ends.slice(1).map((end, index) => rows.slice(ends[index], end));
  });
const phase = fc
  .record({ mode: fc.constantFrom(...writeMode.options), match, cut, isRepeated: fc.boolean() })
  .map(({ cut: parts, isRepeated, ...how }): ModelChunk[] => {
    const chunks = parts.map((rows) => ({ ...how, rows }));
    return isRepeated ? [...chunks, ...chunks] : chunks;
  });
const run: fc.Arbitrary<Run> = fc.record({
  dataset: fc.constantFrom<Dataset[]>('none', 'one', 'several', 'withId'),
  chunks: fc.array(phase, { minLength: 1, maxLength: 3 }).map((phases) => phases.flat()),
});

let runs = 0;

async function emptied(dataset: Dataset): Promise<string> {
  await (await system.collectionOf(dataset.toLowerCase())).deleteMany({});
  runs += 1;
  return `run-${runs}`;
}

async function write(dataset: Dataset, { mode, match: key, rows }: ModelChunk, source: string, sequence: number) {
  const chunk = { mode, key: [...key], source, sequence };
  const reply = await system.write(dataset.toLowerCase(), rows, chunk);
  return { ...reply, rejected: refusalsOf(reply) } as unknown as ModelReply;
}

async function expectStored(dataset: Dataset, expected: readonly BSON.Document[]): Promise<void> {
  const stored = await system.scan(dataset.toLowerCase());
  expect(stored.map(exactly)).toEqual([...expected].sort(byId).map(exactly));
}

/** MODES_SEED and MODES_RUNS (a factor) look further than a test run does. */
const seeded = (numRuns: number) => ({
  numRuns: numRuns * Number(process.env.MODES_RUNS ?? 1),
  seed: Number(process.env.MODES_SEED ?? 20_261_124),
});

describe('every mode', () => {
  it('ends, counts and rejects as a plain model does that writes the rows one by one', async () => {
    const seen = { ...noCounts, rejected: 0 };
    await fc.assert(
      fc.asyncProperty(run, async ({ dataset, chunks }) => {
        const source = await emptied(dataset);
        const stored: BSON.Document[] = [];
        for (const [sequence, chunk] of chunks.entries()) {
          const expected = applyChunk(stored, { key: keys[dataset] }, chunk);

          const reply = await write(dataset, chunk, source, sequence);

          expect(reply).toEqual(expected);
          const counts = { ...reply, rejected: reply.rejected.length };
          for (const name of Object.keys(seen) as (keyof typeof seen)[]) seen[name] += counts[name];
          await expectStored(dataset, stored);
        }
      }),
      seeded(250),
    );
    // Rows that all end the same way would compare nothing.
    expect(Object.values(seen).filter((count) => count < 20)).toEqual([]);
  });

  it('answers chunks that come again, in any order, without writing them again', async () => {
    await fc.assert(
      fc.asyncProperty(run, fc.array(fc.nat(), { maxLength: 12 }), async ({ dataset, chunks }, again) => {
        const source = await emptied(dataset);
        const stored: BSON.Document[] = [];
        const replies: ModelReply[] = [];
        for (const [sequence, chunk] of chunks.entries()) {
          replies.push(applyChunk(stored, { key: keys[dataset] }, chunk));
          const [first, second] = await Promise.all([1, 2].map(() => write(dataset, chunk, source, sequence)));
          expect([first, second]).toEqual([replies.at(-1), replies.at(-1)]);
          const earlier = (again[sequence] ?? 0) % chunks.length;
          const repeated = chunks[earlier];
          if (repeated && earlier <= sequence) {
            expect(await write(dataset, repeated, source, earlier)).toEqual(replies[earlier]);
          }
        }
        await expectStored(dataset, stored);
      }),
      seeded(60),
    );
  });

  it('lets chunks with disjoint keys be written side by side', async () => {
    // Each chunk has its own share of keys and ids, so that their order makes no difference.
    const own = (rows: readonly BSON.Document[], share: number) =>
      rows.map((one, index) => ({
        ...one,
        _id: new Int32(share * 1_000 + index),
        n: new Int32(share * 100 + (Number(String(one._id)) || 0)),
        in: { x: new Int32(1) },
      }));
    const rows = fc.array(row, { minLength: 4, maxLength: 30 });
    const modes = fc.array(fc.constantFrom(...writeMode.options), { minLength: 2, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(rows, { minLength: 3, maxLength: 6 }), modes, async (chunks, inTurn) => {
        const source = await emptied('one');
        const stored: BSON.Document[] = [];
        let sequence = 0;
        for (const mode of inTurn) {
          const shares = chunks.map((each, share): ModelChunk => ({ mode, match: ['n'], rows: own(each, share) }));
          const expected = shares.map((chunk) => applyChunk(stored, { key: keys.one }, chunk));

          const replies = await Promise.all(shares.map((chunk) => write('one', chunk, source, sequence++)));

          expect(replies).toEqual(expected);
        }
        await expectStored('one', stored);
      }),
      seeded(25),
    );
  });
});

describe('a chunk that is merged into more than may be held', () => {
  const large = (count: number, bytes: number) =>
    Array.from({ length: count }, (_, n) => ({ _id: new Int32(n), n: new Int32(n), text: 'x'.repeat(bytes), v: 0 }));

  it('is written part by part, and ends as if it were whole', async () => {
    await system.dataset('large');
    const collection = await system.collectionOf('large');
    await collection.insertMany(large(40, 700_000) as never[]);
    const rows = Array.from({ length: 60 }, (_, n) => ({ _id: new Int32(n % 50), v: new Int32(n) }));

    const reply = await system.write('large', rows, { mode: 'merge' });
    const again = await system.write('large', rows.slice(-50), { mode: 'merge' });

    expect(reply).toMatchObject({ inserted: 10, updated: 49, unchanged: 1, rejected: [] });
    expect(again).toMatchObject({ inserted: 0, updated: 0, unchanged: 50, rejected: [] });
    const stored = await system.plain('large', { fields: ['_id', 'v'] });
    expect(stored).toEqual(Array.from({ length: 50 }, (_, n) => ({ _id: n, v: n < 10 ? n + 50 : n })));
  });

  it('stops behind the rejected row that is one too many, in whichever part', async () => {
    await system.dataset('large-keyed', { key: ['n'] });
    await (await system.collectionOf('large-keyed')).insertMany(large(40, 700_000) as never[]);
    const rows = Array.from({ length: 40 }, (_, n) => ({
      _id: new Int32(n),
      n: new Int32(n % 10 === 9 ? 0 : n),
      v: 1,
    }));
    const chunk = { mode: 'merge' as const, rejectionLimit: { max: 2, refusedBefore: [25] } };

    const reply = await system.write('large-keyed', rows, chunk);

    expect(refusalsOf(reply)).toEqual([9, 19].map((index) => [index, 'DUPLICATE_KEY', 'n']));
    expect(reply).toMatchObject({ updated: 23, stoppedAt: 25 });
    const changed = (await system.plain('large-keyed', { fields: ['v'] })).filter(({ v }) => v === 1);
    expect(changed).toHaveLength(23);
  });

  it('refuses what would be larger than MongoDB stores', async () => {
    await system.dataset('too-large');
    const collection = await system.collectionOf('too-large');
    await collection.insertMany(large(2, 15_500_000) as never[]);
    const rows = [0, 1].map((n) => ({ _id: new Int32(n), more: 'y'.repeat(n === 0 ? 2_000_000 : 10) }));

    const reply = await system.write('too-large', rows, { mode: 'merge' });

    expect(reply).toMatchObject({ updated: 1, rejected: [{ index: 0, code: 'ROW_TOO_LARGE' }] });
  });
});
