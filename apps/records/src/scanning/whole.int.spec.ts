import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { putDataset, scanRecords, type ReplyOf, type RequestInput } from '@keyport/contracts';
import { codeOf, eventually, TeamMongod } from '@keyport/testing';
import { Binary, BSON, BSONRegExp, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp } from 'bson';
import fc from 'fast-check';
import { RecordsSystem } from '../harness/records-system.ts';

const seed = 20_261_130;

let system: RecordsSystem;
let team: TeamMongod;

beforeAll(async () => {
  system = await RecordsSystem.start(0);
  team = await TeamMongod.start();
  await system.startService({ KEYPORT_SOURCES: JSON.stringify({ erp: team.url('erp') }) });
  await team.db('erp').createCollection('things');
  await system.bus.ask('gateway', putDataset, { name: 'things', mapping: { source: 'erp', collection: 'things' } });
});

afterAll(async () => {
  await Promise.all([system, team].map((one) => one?.stop()));
});

const things = () => team.db('erp').collection('things');

beforeEach(async () => {
  await things().deleteMany({});
});

async function store(documents: readonly BSON.Document[]): Promise<void> {
  for (const document of documents) await things().insertOne({ ...document });
}

const hex = (documents: readonly BSON.Document[]) =>
  documents.map((one) => Buffer.from(BSON.serialize(one, { ignoreUndefined: false })).toString('hex'));
const stored = () =>
  things()
    .find({}, { promoteValues: false, sort: { _id: 1 } })
    .toArray();

const small = fc.integer({ min: -2, max: 2 });
const texts = fc.constantFrom('', 'a', 'A', 'é', 'a\u0000b', '1');
const scalar: fc.Arbitrary<unknown> = fc.oneof(
  // Equal numbers of different types are one `_id`.
  small.map((value) => new Int32(value)),
  small.map((value) => new Double(value)),
  small.map((value) => Long.fromNumber(value)),
  small.map((value) => Decimal128.fromString(`${value}.0`)),
  fc.constantFrom(new Double(NaN), new Double(Infinity), new Double(-0), Decimal128.fromString('NaN'), new Double(1.5)),
  fc.constantFrom(Long.MAX_VALUE, Long.fromString('9007199254740993'), Decimal128.fromString('9007199254740993')),
  texts,
  fc.constantFrom(null, true, false, new MinKey(), new MaxKey()),
  fc.constantFrom(new ObjectId('000000000000000000000001'), new ObjectId('ffffffffffffffffffffffff')),
  fc.constantFrom(new Date(-1), new Date(0), new Date(253_402_300_800_000)),
  fc.constantFrom(new Timestamp({ t: 1, i: 1 }), new Timestamp({ t: 1, i: 2 })),
  fc.tuple(fc.uint8Array({ maxLength: 3 }), fc.constantFrom(0, 5)).map(([bytes, type]) => new Binary(bytes, type)),
);
const ids = fc.oneof(
  { weight: 4, arbitrary: scalar },
  { weight: 1, arbitrary: fc.dictionary(fc.constantFrom('a', 'b'), scalar, { maxKeys: 2 }) },
);

describe('a scan of a collection whose ids have any types', () => {
  it('gives each record once and in order, one a page, also where each one read is deleted before the next page', async () => {
    const run = async (candidates: readonly unknown[], deletes: boolean) => {
      await things().deleteMany({});
      await things()
        .insertMany(
          candidates.map((_id, n) => ({ _id: _id as never, n })),
          { ordered: false, forceServerObjectId: true },
        )
        .catch((error: { code?: number }) => expect(error.code).toBe(11_000));
      const expected = await stored();
      const seen: BSON.Document[] = [];

      for await (const page of system.pages('things', { maxBytes: 1 })) {
        seen.push(...page);
        const [last] = page;
        if (deletes && last) await things().deleteOne({ _id: { $eq: last._id as never } });
      }

      expect(hex(seen)).toEqual(hex(expected));
      expect(await things().countDocuments()).toBe(deletes ? 0 : expected.length);
    };

    await fc.assert(fc.asyncProperty(fc.array(ids, { minLength: 1, maxLength: 30 }), fc.boolean(), run), {
      seed,
      numRuns: 25,
    });
  });

  it('takes no regular expression and no list for an id, since MongoDB does not', async () => {
    await expect(store([{ _id: new BSONRegExp('a', 'i') }])).rejects.toThrow();
    await expect(store([{ _id: [1] }])).rejects.toThrow();
  });
});

const sized = (bytes: number, _id: unknown, rest: BSON.Document) => {
  const without = BSON.calculateObjectSize({ _id, ...rest, fill: new Binary(Buffer.alloc(0)) });
  return { _id, ...rest, fill: new Binary(Buffer.alloc(bytes - without, 7)) };
};
/** As large as MongoDB stores them. */
const largestBytes = 16 * 1024 * 1024;
const largest = (_id: unknown, rest: BSON.Document = {}) => sized(largestBytes, _id, rest);
/** Just too large for a message. */
const largeBytes = 8_000_000;
const large = (_id: unknown, rest: BSON.Document = {}) => sized(largeBytes, _id, rest);

describe('a document that no message carries', () => {
  it('travels in parts, wherever it stands among others', async () => {
    await store([{ _id: 1 }, largest(2), large(3), { _id: 4 }, large('last')]);

    for (const options of [{}, { limit: 1 }, { snapshot: 'new' as const }]) {
      const seen = await system.scan('things', options);

      expect(seen.map(({ _id }) => (typeof _id === 'string' ? _id : Number(_id)))).toEqual([1, 2, 3, 4, 'last']);
      const expected = await stored();
      // Bytes of 16 MB are compared as such: a matcher would look at each.
      const isSame = (one: BSON.Document, index: number) =>
        Buffer.from(BSON.serialize(one)).equals(BSON.serialize(expected[index] ?? {}));
      expect(seen.map(isSame)).toEqual(expected.map(() => true));
    }
  });

  it('shows the fields asked for and allowed, of the rows allowed', async () => {
    await store([
      large(1, { region: 'eu', secret: 1 }),
      large(2, { region: 'us', secret: 2 }),
      large(3, { region: 'eu', secret: 3, open: true }),
    ]);
    const authority = await system.bus.limited(
      { filter: { region: 'eu' }, fields: ['_id', 'fill'] },
      { filter: { open: true }, fields: ['secret'] },
    );

    const asked = await system.scan('things', { fields: ['fill', 'region'] });
    const limited = await system.scan('things', {}, authority);
    const without = await system.scan('things', { fields: ['secret'] }, authority);

    expect(asked.map((one) => Object.keys(one))).toEqual(Array.from({ length: 3 }, () => ['region', 'fill']));
    expect(limited.map((one) => Object.keys(one))).toEqual([
      ['_id', 'fill'],
      ['_id', 'secret', 'fill'],
    ]);
    expect(without.map((one) => ({ ...one }))).toEqual([{}, { secret: new Int32(3) }]);
    for (const { fill } of [...asked, ...limited]) expect((fill as Binary).length()).toBeGreaterThan(7_900_000);
  });

  it('is of one state, and refused where that is gone and it was changed', async () => {
    await store([large(1), large(2)]);
    const { large: name, datasetId } = await system.bus.ask('export', scanRecords, { dataset: 'things' });
    const request = { dataset: 'things', datasetId, large: name ?? new Uint8Array() };
    const before = await system.large(request);

    await things().updateOne({ _id: 1 as never }, { $set: { fill: 'changed' } });
    const changed = await system.large(request);

    expect(before.length).toBe(largeBytes);
    expect(changed.equals(before)).toBe(true);
    const narrower = await system.bus.limited({ filter: { _id: 2 } });
    expect(await codeOf(system.large(request, narrower))).toBe('CURSOR_INVALID');

    await forgettingHistory(async () => {
      const gone = () => codeOf(system.large(request));
      expect(await eventually(gone, (code) => code !== 'none')).toBe('SNAPSHOT_GONE');
      await things().deleteOne({ _id: 1 as never });
      await things().insertOne(BSON.deserialize(before, { promoteValues: false }));

      // The same again, as it was.
      expect((await system.large(request)).equals(before)).toBe(true);
    });
  });
});

/** Runs work while the server keeps no more history than it must; it forgets as it writes. */
async function forgettingHistory(work: () => Promise<void>): Promise<void> {
  const admin = team.db('admin');
  const keepFor = (seconds: number) => admin.command({ setParameter: 1, minSnapshotHistoryWindowInSeconds: seconds });
  await keepFor(0);
  const writing = setInterval(
    () =>
      void team
        .db('erp')
        .collection('others')
        .insertOne({})
        .catch(() => undefined),
    50,
  );
  try {
    await work();
  } finally {
    clearInterval(writing);
    await keepFor(300);
  }
}

describe('a scan of one state', () => {
  const before = Array.from({ length: 40 }, (_, index) => ({
    ...{ _id: index % 2 ? `id ${index}` : new Int32(index), n: new Int32(index), even: index % 2 === 0 },
  }));

  async function changeEverything(): Promise<void> {
    await things().deleteMany({ n: { $gte: 30 } });
    await things().updateMany({}, { $set: { even: true, changed: 1 } });
    await things().insertMany([{ _id: -1 as never }, { _id: 'id 0' as never }, { _id: 1_000 as never }]);
  }

  it.each([
    ['whole', undefined, () => true],
    ['through a limit of rows', [{ filter: { even: true } }], ({ even }: BSON.Document) => even === true],
    ['through limits of fields', [{ filter: { even: true } }, { fields: ['_id', 'n', 'even'] }], () => true],
  ])('gives it as it was at the start, whatever is changed between its pages: %s', async (_how, limits, isSeen) => {
    await store(before);
    const expected = (await stored()).filter((one) => isSeen(one));
    const authority = await (limits ? system.bus.limited(...limits) : system.bus.caller('*'));
    const seen: BSON.Document[] = [];

    let snapshot: Uint8Array | 'new' = 'new';
    for (let cursor: Uint8Array | undefined; ;) {
      const asked: RequestInput<typeof scanRecords> = { dataset: 'things', limit: 3, snapshot, cursor };
      const page: ReplyOf<typeof scanRecords> = await system.bus.ask('export', scanRecords, asked, { authority });
      for (let at = 0; at < page.documents.length;) {
        const length = Buffer.from(page.documents).readInt32LE(at);
        seen.push(BSON.deserialize(page.documents.subarray(at, at + length), { promoteValues: false }));
        at += length;
      }
      if (snapshot === 'new') await changeEverything();
      snapshot = page.snapshot ?? 'new';
      cursor = page.next;
      if (!cursor) break;
    }

    expect(hex(seen)).toEqual(hex(expected));
    expect(hex(await system.scan('things', { limit: 3 }))).not.toEqual(hex(expected));
  });

  it('is refused once the server keeps it no longer, and where its name is not one', async () => {
    await store(before);
    const { snapshot = 'new' } = await system.bus.ask('export', scanRecords, { dataset: 'things', snapshot: 'new' });

    const again = () => codeOf(system.bus.ask('export', scanRecords, { dataset: 'things', snapshot }));
    expect(await again()).toBe('none');
    await forgettingHistory(async () => {
      await changeEverything();
      expect(await eventually(again, (code) => code !== 'none')).toBe('SNAPSHOT_GONE');
    });

    const made = system.bus.ask('export', scanRecords, { dataset: 'things', snapshot: Buffer.from('2026') });
    expect(await codeOf(made)).toBe('CURSOR_INVALID');
  });
});
