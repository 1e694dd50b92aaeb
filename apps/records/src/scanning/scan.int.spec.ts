import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RowLimit } from '@keyport/access';
import { scanRecords } from '@keyport/contracts';
import { Binary, BSON, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp } from 'bson';
import { bsonOf, RecordsSystem } from '../harness/records-system.ts';
import { findCommand } from './scan.repository.ts';

let system: RecordsSystem;

beforeAll(async () => {
  system = await RecordsSystem.start();
});

afterAll(() => system.stop());

/** `_id`s of every type that MongoDB takes, several of each. */
const mixedIds = () => [
  ...[new MinKey(), null, new Double(NaN), new Double(-1.5), new Int32(0), Long.fromString('9007199254740993')],
  ...[new Decimal128('1E+100'), '', 'a', 'b\u0000c', 'é', {}, { a: 1 }, { a: 'x' }, new Binary(Buffer.from('x'), 0)],
  ...[new Binary(Buffer.from('longer'), 5), new ObjectId('000000000000000000000001'), new ObjectId(), false, true],
  ...[new Date(-1), new Date(0), new Timestamp({ t: 1, i: 1 }), new MaxKey()],
  ...Array.from({ length: 50 }, (_, index) => new Int32(10 + index)),
  ...Array.from({ length: 50 }, (_, index) => `text ${index}`),
];

const hex = (documents: readonly BSON.Document[]) =>
  documents.map((one) => Buffer.from(BSON.serialize(one)).toString('hex'));

async function fill(name: string, documents: readonly BSON.Document[]) {
  await system.dataset(name);
  for (let from = 0; from < documents.length; from += 1_000)
    await system.write(name, documents.slice(from, from + 1_000));
}

describe('a scan', () => {
  it('gives every record of a collection with ids of all types once, whatever the size of its pages', async () => {
    await fill(
      'mixed',
      mixedIds().map((_id, index) => ({ _id, index })),
    );
    const stored = await (
      await system.collectionOf('mixed')
    )
      .find({}, { promoteValues: false, sort: { _id: 1 } })
      .toArray();

    for (const maxBytes of [1, 40, 100, 1_000, 1_000_000]) {
      expect(hex(await system.scan('mixed', { maxBytes }))).toEqual(hex(stored));
    }
    for (const limit of [1, 7]) expect(hex(await system.scan('mixed', { limit }))).toEqual(hex(stored));
    expect(stored).toHaveLength(mixedIds().length);
  });

  it('finds its place by the index on _id, also among mixed types', async () => {
    const { collectionName } = await system.collectionOf('mixed');
    for (const after of [new Int32(20), 'text 3', new ObjectId(), null]) {
      const find = findCommand({ collectionName, after, projection: undefined, limit: 5 });

      const plan = await system.database.db?.command({ explain: find, verbosity: 'executionStats' });

      expect(JSON.stringify(plan?.queryPlanner)).toContain('"stage":"IXSCAN"');
      expect(plan?.executionStats).toMatchObject({ nReturned: 5 });
      expect((plan?.executionStats as { totalKeysExamined: number }).totalKeysExamined).toBeLessThanOrEqual(6);
    }
  });

  it('cuts pages at their bytes, though records be of very different sizes', async () => {
    const documents = Array.from({ length: 300 }, (_, index) => ({
      ...{ _id: new Int32(index), text: 'x'.repeat(index % 50 === 49 ? 100_000 : 20) },
    }));
    await fill('uneven', documents);

    const pages: BSON.Document[][] = [];
    for await (const page of system.pages('uneven', { maxBytes: 10_000 })) pages.push(page);

    expect(hex(pages.flat())).toEqual(hex(documents));
    expect(pages.filter((page) => page.length > 1 && bsonOf(page).length > 10_000)).toEqual([]);
    expect(pages.length).toBeLessThan(60);
  });

  it('gives what stays, once, while records are deleted on its way', async () => {
    await fill(
      'shrinking',
      Array.from({ length: 200 }, (_, index) => ({ _id: new Int32(index) })),
    );
    const collection = await system.collectionOf('shrinking');

    const seen: number[] = [];
    for await (const page of system.pages('shrinking', { limit: 20 })) {
      seen.push(...page.map(({ _id }) => Number(_id)));
      const last = seen.at(-1) ?? 0;
      // The last one given, and some that are still to come.
      await collection.deleteMany({ _id: { $in: [last, last + 3, last + 4] as never[] } });
    }

    const left = await collection.find({}, { projection: { _id: 1 } }).toArray();
    expect(new Set(seen).size).toBe(seen.length);
    for (const { _id } of left) expect(seen).toContain(Number(_id));
  });

  it('keeps the named fields only, and _id where it is named', async () => {
    await fill('fields', [
      { _id: 1, a: { x: 1, y: 2 }, b: 3 },
      { _id: 2, b: 4 },
    ]);

    expect(await system.scan('fields', { fields: ['a.x', 'b'], maxBytes: 1 })).toEqual([
      { a: { x: new Int32(1) }, b: new Int32(3) },
      { b: new Int32(4) },
    ]);
    expect(await system.scan('fields', { fields: ['_id'] })).toEqual([{ _id: new Int32(1) }, { _id: new Int32(2) }]);
    await expect(system.scan('fields', { fields: ['a.$'] })).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  });

  it('never ends as if whole when the dataset is deleted on its way', async () => {
    await fill(
      'deleted',
      Array.from({ length: 10 }, (_, index) => ({ _id: index })),
    );
    const pages = system.pages('deleted', { limit: 5 });
    await pages.next();

    await system.remove('deleted');
    await expect(pages.next()).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND' });

    await fill('deleted', [{ _id: 1 }]);
    const stale = system.bus.ask('export', scanRecords, { dataset: 'deleted', cursor: Buffer.from('x') });
    await expect(stale).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
  });

  it('refuses the cursor of an earlier dataset of the same name', async () => {
    await fill('renewed', [{ _id: 1 }, { _id: 2 }]);
    const { next } = await system.bus.ask('export', scanRecords, { dataset: 'renewed', limit: 1 });
    await system.remove('renewed');
    await fill('renewed', [{ _id: 1 }, { _id: 2 }]);

    const asked = system.bus.ask('export', scanRecords, { dataset: 'renewed', ...(next && { cursor: next }) });

    expect(next).toBeDefined();
    await expect(asked).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
  });

  it('refuses a dataset of the same name that is not the one meant', async () => {
    await fill('meant', [{ _id: 1 }]);
    const { datasetId } = await system.bus.ask('export', scanRecords, { dataset: 'meant' });
    expect(await system.scan('meant', { datasetId })).toHaveLength(1);

    await system.remove('meant');
    await fill('meant', [{ _id: 1 }]);

    await expect(system.scan('meant', { datasetId })).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND' });
  });

  it('takes records:read on that dataset', async () => {
    const authority = await system.bus.caller('records:read:other', 'exports:create:*', 'datasets:read:*');

    const asked = system.bus.ask('export', scanRecords, { dataset: 'mixed' }, { authority });

    await expect(asked).rejects.toMatchObject({ code: 'INSUFFICIENT_SCOPE' });
  });
});

describe('a page that is read before it is asked for', () => {
  const rows = Array.from({ length: 30 }, (_, index) => ({ _id: index, text: 'x'.repeat(100) }));

  /** Asks for the second page, so that the third one is being read, and gives the cursor of that. */
  async function thirdPageOf(dataset: string): Promise<Uint8Array> {
    const ask = (cursor?: Uint8Array) =>
      system.bus.ask('export', scanRecords, { dataset, maxBytes: 1_000, ...(cursor && { cursor }) });
    const { next } = await ask((await ask()).next);
    if (!next) throw new Error(`${dataset} has no third page`);
    return next;
  }

  const readFrom = (dataset: string, cursor: Uint8Array, authority?: string) =>
    system.plain(dataset, { cursor, maxBytes: 1_000 }, authority);

  it('is the same where it is asked for again, as after an answer that was lost', async () => {
    await fill('again', rows);
    const cursor = await thirdPageOf('again');

    const once = await readFrom('again', cursor);

    expect(once.at(-1)).toEqual(rows.at(-1));
    expect(once.length).toBeLessThan(20);
    expect(await readFrom('again', cursor)).toEqual(once);
  });

  it('shows each asker what that one may see', async () => {
    await fill('narrowed', rows);
    const seen = async (limit: RowLimit) =>
      readFrom('narrowed', await thirdPageOf('narrowed'), await system.bus.limited(limit));

    const narrow = await seen({ fields: ['_id'] });
    expect(narrow.at(-1)).toEqual({ _id: 29 });
    expect(new Set(narrow.flatMap(Object.keys))).toEqual(new Set(['_id']));
    expect(await seen({ filter: { _id: 29 } })).toEqual([rows[29]]);
  });

  it('is refused to who has lost the right, and of a dataset that is gone', async () => {
    await fill('lost', rows);
    const cursor = await thirdPageOf('lost');
    const other = await system.bus.caller('records:read:other');

    await expect(readFrom('lost', cursor, other)).rejects.toMatchObject({ code: 'INSUFFICIENT_SCOPE' });
    await system.remove('lost');
    await expect(readFrom('lost', cursor)).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND' });
  });
});
