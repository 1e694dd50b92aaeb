import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { forgetDryRun, writeMode } from '@keyport/contracts';
import { GrantSigner } from '@keyport/testing';
import { Int32, type BSON } from 'bson';
import fc from 'fast-check';
import { exactly, type ModelChunk } from '../harness/modes-model.ts';
import { RecordsSystem } from '../harness/records-system.ts';
import { noCounts } from '../writing/plan.ts';

let system: RecordsSystem;
let runs = 0;

const keys = { none: null, one: ['n'], several: ['n', 'in.x'] } as const;
type Dataset = keyof typeof keys;

beforeAll(async () => {
  system = await RecordsSystem.start(2);
  for (const [name, key] of Object.entries(keys)) await system.dataset(name, { key: key && [...key] });
});

afterAll(() => system.stop());

const number = fc.integer({ min: 0, max: 2 }).map((value) => new Int32(value));
const value: fc.Arbitrary<unknown> = fc.oneof({ weight: 4, arbitrary: number }, fc.constantFrom('x', null));
const row: fc.Arbitrary<BSON.Document> = fc
  .tuple(
    fc.integer({ min: 0, max: 9 }),
    fc.record(
      { n: value, in: fc.record({ x: value }, { requiredKeys: [] }), m: value, v: value },
      { requiredKeys: [] },
    ),
  )
  .map(([_id, rest]) => ({ _id: new Int32(_id), ...rest }));
const rows = fc.array(row, { minLength: 1, maxLength: 8 });
const match = fc.constantFrom<string[][]>([], ['_id'], ['n'], ['m'], ['n', 'in.x'], ['_id', 'n']);
const run = fc.record({
  dataset: fc.constantFrom<Dataset[]>('none', 'one', 'several'),
  stored: fc.array(row, { maxLength: 12 }),
  mode: fc.constantFrom(...writeMode.options),
  match,
  chunks: fc.array(rows, { minLength: 1, maxLength: 4 }),
  sendsStored: fc.boolean(),
});

const nextSource = () => `run-${(runs += 1)}`;

/** All of the database that is a dataset's: definitions, records, indexes. */
async function stateOf(dataset: Dataset): Promise<unknown> {
  const collection = await system.collectionOf(dataset);
  const definitions = await system.database.db?.collection('datasets').find().sort({ _id: 1 }).toArray();
  const documents = await collection.find({}, { raw: true }).sort({ _id: 1 }).toArray();
  const hashed = await system.database.db?.command({ dbHash: 1, collections: [collection.collectionName] });
  const stored = (documents as unknown as Buffer[]).map((document) => document.toString('hex'));
  return { definitions, stored, hash: hashed?.['md5'] as unknown, indexes: await collection.indexes() };
}

async function writeAll(dataset: Dataset, chunks: readonly ModelChunk[], source: string, dryRun: boolean) {
  const replies = [];
  for (const [sequence, { mode, match: key, rows: documents }] of chunks.entries()) {
    replies.push(await system.write(dataset, documents, { mode, key: [...key], source, sequence, dryRun }));
  }
  return replies;
}

describe('a dry run', () => {
  it('answers in every mode, chunk by chunk, what writing then answers, and leaves the dataset as it is', async () => {
    const seen = { ...noCounts, rejected: 0 };
    await fc.assert(
      fc.asyncProperty(run, async ({ dataset, stored, mode, match: key, chunks: own, sendsStored }) => {
        const parts = sendsStored && stored.length > 0 ? [stored, ...own] : own;
        await (await system.collectionOf(dataset)).deleteMany({});
        await system.write(dataset, stored, { source: nextSource() });
        const chunks = parts.map((part) => ({ mode, match: key, rows: part }));
        const [before, source] = [await stateOf(dataset), nextSource()];

        const tried = await writeAll(dataset, chunks, source, true);
        const repeated = await writeAll(dataset, chunks, source, true);

        expect(await stateOf(dataset)).toEqual(before);
        expect(repeated).toEqual(tried);
        expect(await writeAll(dataset, chunks, nextSource(), false)).toEqual(tried);
        for (const reply of tried) {
          const counts = { ...reply, rejected: reply.rejected.length };
          for (const name of Object.keys(seen) as (keyof typeof seen)[]) seen[name] += counts[name];
        }
      }),
      { numRuns: 80 * Number(process.env.MODES_RUNS ?? 1), seed: Number(process.env.MODES_SEED ?? 20_261_124) },
    );
    // Rows that all end the same way would compare nothing.
    expect(Object.values(seen).filter((count) => count < 10)).toEqual([]);
  });

  it('does not note in a dataset that it was written, or in the ledger that rows are stored', async () => {
    await system.dataset('untouched', { key: ['n'] });

    await system.write('untouched', [{ _id: 1, n: 1 }], { source: 'dry', sequence: 0, dryRun: true });

    const definition = await system.database.db?.collection('datasets').findOne({ _id: 'untouched' as never });
    const entry = await system.database.db?.collection('ledger').findOne({ _id: 'dry:0' as never });
    expect(definition).toMatchObject({ written: false });
    expect(entry).toMatchObject({ collectionName: null, reply: { inserted: 1 } });
    expect(entry).not.toHaveProperty('inserted');
  });

  it('meets records that were stored meanwhile, as the import would', async () => {
    await system.dataset('moving', { key: ['n'] });
    await system.write('moving', [{ _id: 1, n: 1, v: 1 }], {
      source: 'moving',
      sequence: 0,
      mode: 'upsert',
      dryRun: true,
    });
    await system.write('moving', [{ _id: 7, n: 7, v: 1 }]);

    const reply = await system.write(
      'moving',
      [7, 1].map((n) => ({ _id: n, n, v: 1 })),
      {
        ...{ source: 'moving', sequence: 1, mode: 'upsert', dryRun: true },
      },
    );

    expect(reply).toMatchObject({ unchanged: 2, inserted: 0 });
    expect((await system.scan('moving')).map(exactly)).toHaveLength(1);
  });

  it('is forgotten with all that it held when its job says so, and by no other job', async () => {
    await system.dataset('forgotten', { key: ['n'] });
    const source = '00112233445566aa';
    await system.write('forgotten', [{ _id: 1, n: 1 }], { source, sequence: 0, dryRun: true });
    const held = async () =>
      (await system.database.db?.listCollections({ name: /^dry_/ }).toArray())?.map(({ name }) => name);
    const [before] = [await held()];
    const grants = await GrantSigner.on(await system.servers.connectionOf('auth'));
    const asJob = async (jobId: string) => ({
      authority: await grants.sign(jobId, { scope: 'imports:create:forgotten', tokenId: 'token-of-forgotten' }),
    });

    await expect(
      system.bus.ask('import', forgetDryRun, { dataset: 'forgotten', source }, await asJob('00112233445566bb')),
    ).rejects.toMatchObject({ code: 'INSUFFICIENT_SCOPE' });
    expect(await held()).toEqual(before);
    await system.bus.ask('import', forgetDryRun, { dataset: 'forgotten', source }, await asJob(source));

    expect(before?.length).toBe((await held())!.length + 1);
  });
});
