import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { scanRecords, type RequestInput } from '@keyport/contracts';
import { codeOf, eventually } from '@keyport/testing';
import { RecordsSystem } from '../harness/records-system.ts';

/** Records that can be sorted. */
const maxSorted = 1_000_000;

let system: RecordsSystem;

beforeAll(async () => {
  system = await RecordsSystem.start();
});

afterAll(() => system.stop());

const ask = (dataset: string, options: Partial<RequestInput<typeof scanRecords>>) =>
  system.bus.ask('export', scanRecords, { dataset, maxBytes: 1, ...options });

async function idsKept(): Promise<number> {
  const [kept] = await system.database
    .collection('orders')
    .aggregate<{ ids: number }>([{ $group: { _id: null, ids: { $sum: { $size: '$ids' } } } }])
    .toArray();
  return kept?.ids ?? 0;
}

/** Makes so many records in the server itself, each by an expression of its number `n`. */
async function make(dataset: string, count: number, record: object): Promise<void> {
  await system.dataset(dataset);
  const { collectionName } = await system.collectionOf(dataset);
  const [many, rest] = [Math.ceil(count / 1_000), 1_000];
  await system.database.db
    ?.aggregate([
      { $documents: [{ a: { $range: [0, many] } }] },
      { $unwind: '$a' },
      { $set: { b: { $range: [0, rest] } } },
      { $unwind: '$b' },
      { $set: { n: { $add: [{ $multiply: ['$a', rest] }, '$b'] } } },
      { $match: { n: { $lt: count } } },
      { $project: record },
      { $out: collectionName },
    ])
    .toArray();
}

/** A machine that is too slow for it, or stands still, is told SORT_TOO_LARGE as well. */
async function untilSorted(dataset: string, limit: number): Promise<void> {
  await eventually(
    () => codeOf(ask(dataset, { sort: ['-_id'], limit })),
    (code) => code === 'none',
  );
}

describe('an order', () => {
  it('may have a million records and not one more, also where an index gives it', async () => {
    await make('million', maxSorted + 1, { _id: '$n' });

    const refused = await codeOf(ask('million', { sort: ['-_id'] }));
    const keptOfRefused = await idsKept();
    await untilSorted('million', maxSorted);

    expect([refused, keptOfRefused]).toEqual(['SORT_TOO_LARGE', 0]);
    expect(await idsKept()).toBe(maxSorted);
  }, 180_000);

  it('may have ids of 64 MiB together', async () => {
    const id = { $concat: ['x'.repeat(1_000), { $toString: '$n' }] };
    await make('long-ids', 70_000, { _id: id });
    await system.database.collection('orders').deleteMany({});

    const refused = await codeOf(ask('long-ids', { sort: ['-_id'] }));
    await untilSorted('long-ids', 50_000);

    expect(refused).toBe('SORT_TOO_LARGE');
  });
});
