import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeRecords } from '@keyport/contracts';
import { BSON, Code, Decimal128, Double, Int32, Long, ObjectId, Timestamp } from 'bson';
import { bsonOf, RecordsSystem } from '../harness/records-system.ts';

let system: RecordsSystem;

beforeAll(async () => {
  system = await RecordsSystem.start(2);
});

afterAll(() => system.stop());

const numbered = (from: number, to: number, extra: BSON.Document = {}) =>
  Array.from({ length: to - from }, (_, offset) => ({ _id: from + offset, n: from + offset, ...extra }));

describe('writing a chunk', () => {
  it('stores every byte of rows that nothing can meet, in one transaction with its ledger entry', async () => {
    await system.dataset('blind');
    const documents = [
      { _id: new ObjectId(), a: Long.fromNumber(1), $d: new Double(2), 'x.y': new Decimal128('1.10') },
      { _id: new ObjectId(), nested: [{ deep: new Int32(1) }] },
    ];

    const reply = await system.write('blind', documents, { hasOwnIds: false });

    expect(reply).toEqual({ inserted: 2, updated: 0, unchanged: 0, deleted: 0, skipped: 0, rejected: [] });
    expect(bsonOf(await system.scan('blind')).equals(bsonOf(documents))).toBe(true);
  });

  it('stores an empty timestamp as one, in a new record and in the place of another', async () => {
    await system.dataset('stamped');
    const empty = new Timestamp({ t: 0, i: 0 });
    const documents = [
      { _id: 1, stamp: empty },
      { _id: 2, zero: new Double(0) },
      { _id: new Code('x'), stamp: empty, in: { stamp: empty } },
    ];

    await system.write('stamped', documents.slice(0, 2));
    expect(bsonOf(await system.scan('stamped')).equals(bsonOf(documents.slice(0, 2)))).toBe(true);
    const changed = [{ _id: 1, stamp: empty, more: 1 }, ...documents.slice(1)];
    const reply = await system.write('stamped', changed, { mode: 'upsert' });

    expect(reply).toMatchObject({ inserted: 1, updated: 1, unchanged: 1, rejected: [] });
    expect(bsonOf(await system.scan('stamped')).equals(bsonOf(changed))).toBe(true);
  });

  it('answers a repeated chunk from the ledger, whatever happened since', async () => {
    await system.dataset('replayed');
    const chunk = { source: 'import-1', sequence: 7 };
    const rows = [{ _id: 1 }, { _id: 1 }, { _id: 2 }];

    const first = await system.write('replayed', rows, chunk);
    await (await system.collectionOf('replayed')).deleteMany({});
    const second = await system.write('replayed', rows, chunk);

    expect(first).toMatchObject({ inserted: 2, rejected: [{ index: 1, code: 'DUPLICATE_KEY' }] });
    expect(second).toEqual(first);
    expect(await system.scan('replayed')).toEqual([]);
  });

  it('goes into the dataset that was meant, not into another made since under its name', async () => {
    await system.dataset('meant');
    const { id: datasetId } = await system.describe('meant');
    expect(await system.write('meant', [{ _id: 1 }], { datasetId })).toMatchObject({ inserted: 1 });

    await system.remove('meant');
    await system.dataset('meant');

    for (const hasOwnIds of [true, false]) {
      const written = system.write('meant', [{ _id: 2 }], { datasetId, hasOwnIds });
      await expect(written).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND', params: { dataset: 'meant' } });
    }
    expect(await system.scan('meant')).toEqual([]);
  });

  it('is refused by name where MongoDB will not write at all, and goes on once that is mended', async () => {
    await system.dataset('unindexed', { key: ['n'] });
    const collection = await system.collectionOf('unindexed');
    const [index] = (await collection.indexes()).filter(({ key }) => 'n' in key);
    await collection.dropIndex(String(index?.name));
    const write = () => system.write('unindexed', numbered(0, 3), { mode: 'upsert', key: ['n'], sequence: 9_000 });

    await expect(write()).rejects.toMatchObject({
      code: 'WRITE_REFUSED',
      params: { dataset: 'unindexed', reason: 'BadValue' },
    });
    await collection.createIndex({ n: 1 }, { name: String(index?.name), unique: true });

    expect(await write()).toMatchObject({ inserted: 3 });
  });

  it('is done once by two processes that get the same chunk at the same moment', async () => {
    await system.dataset('same', { key: ['n'] });
    await system.dataset('same-blind');
    for (let sequence = 0; sequence < 10; sequence += 1) {
      const rows = numbered(sequence * 100, sequence * 100 + 100);
      const twice = (dataset: string, hasOwnIds: boolean) =>
        [1, 2, 3].map(() => system.write(dataset, rows, { source: dataset, sequence, hasOwnIds }));

      const replies = await Promise.all([...twice('same', true), ...twice('same-blind', false)]);

      expect(replies.map(({ inserted, rejected }) => [inserted, rejected.length])).toEqual(replies.map(() => [100, 0]));
    }
    expect(await system.scan('same')).toHaveLength(1_000);
    expect(await system.scan('same-blind')).toHaveLength(1_000);
  });

  it('does not answer for another dataset', async () => {
    await system.dataset('one');
    await system.dataset('two');
    await system.write('one', [{ _id: 1 }], { source: 's', sequence: 1 });

    const answer = system.write('two', [{ _id: 1 }], { source: 's', sequence: 1 });

    await expect(answer).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  });

  it('stores each key once when chunks with the same keys are written side by side', async () => {
    await system.dataset('raced', { key: ['n'] });
    const write = (source: string) =>
      system.write(
        'raced',
        numbered(0, 200).map(({ n }) => ({ _id: `${source}-${n}`, n })),
        { source, sequence: 0 },
      );

    const replies = await Promise.all(['a', 'b', 'c', 'd'].map(write));

    const inserted = replies.reduce((sum, reply) => sum + reply.inserted, 0);
    const rejected = replies.reduce((sum, reply) => sum + reply.rejected.length, 0);
    expect([inserted, rejected]).toEqual([200, 600]);
    expect(await system.scan('raced')).toHaveLength(200);
  });

  it('refuses bytes that are not what the request says', async () => {
    await system.dataset('bytes');
    const documents = bsonOf([{ _id: 1 }]);

    for (const wrong of [
      { documents, count: 2 },
      { documents: documents.subarray(1), count: 1 },
    ]) {
      await expect(system.write('bytes', [], wrong)).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    }
    const noId = system.write('bytes', [], { documents: bsonOf([{ a: 1 }]), count: 1 });
    await expect(noId).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  });
});

describe('insert', () => {
  it('keeps the first of equal keys, in the chunk and against what is stored', async () => {
    await system.dataset('first', { key: ['k.a', 'b'] });
    await system.write('first', [{ _id: 1, k: { a: 1 }, b: 'x' }]);

    const reply = await system.write('first', [
      { _id: 2, k: { a: new Double(1) }, b: 'x' },
      { _id: 3, k: { a: 2 }, b: 'x' },
      { _id: 4, k: { a: 2 }, b: 'x' },
      { _id: 1, k: { a: 9 }, b: 'x' },
      { _id: 5, k: {}, b: 'x' },
      { _id: 6, k: { a: [1] }, b: 'x' },
    ]);

    expect(reply).toMatchObject({ inserted: 1, updated: 0, unchanged: 0 });
    expect(reply.rejected.map(({ index, code, path }) => [index, code, path])).toEqual([
      [0, 'DUPLICATE_KEY', 'k.a,b'],
      [2, 'DUPLICATE_KEY', 'k.a,b'],
      [3, 'DUPLICATE_KEY', '_id'],
      [4, 'MISSING_KEY', 'k.a'],
      [5, 'KEY_TYPE', 'k.a'],
    ]);
    expect((await system.scan('first')).map(({ _id }) => Number(_id))).toEqual([1, 3]);
  });

  it('finds an _id that was to be new and is not, and keeps the other rows', async () => {
    await system.dataset('taken');
    await system.write('taken', [{ _id: 2, old: true }]);

    const reply = await system.write('taken', numbered(0, 5), { hasOwnIds: false });

    expect(reply).toMatchObject({ inserted: 4, rejected: [{ index: 2, code: 'DUPLICATE_KEY', path: '_id' }] });
  });

  it('rejects what violates a unique index that is not the key, and stores the rest', async () => {
    await system.dataset('indexed', { key: ['n'] });
    await (await system.collectionOf('indexed')).createIndex({ email: 1 }, { unique: true });
    await system.write('indexed', [{ _id: 'x', n: -1, email: 'e3' }]);
    const rows = numbered(0, 200).map((row) => ({ ...row, email: `e${row.n % 150}` }));

    const reply = await system.write('indexed', rows);
    const blind = await system.write('indexed', [
      { _id: 'y', n: -2, email: 'e0' },
      { _id: 'z', n: -3, email: 'new' },
    ]);

    const expected = [3, ...Array.from({ length: 50 }, (_, offset) => 150 + offset)];
    expect(reply.inserted).toBe(149);
    expect(reply.rejected.map(({ index }) => index)).toEqual(expected);
    expect(new Set(reply.rejected.map(({ code, path }) => `${code} ${path}`))).toEqual(
      new Set(['DUPLICATE_KEY email']),
    );
    expect(blind).toMatchObject({ inserted: 1, rejected: [{ index: 0 }] });
  });

  it('rejects a row that MongoDB will not store, and stores the rest', async () => {
    await system.dataset('storable');
    await (await system.collectionOf('storable')).createIndex({ at: '2dsphere' });
    const rows = [{ _id: new ObjectId() }, { _id: new ObjectId(), at: { type: 'Point', coordinates: [500, 0] } }];

    for (const hasOwnIds of [true, false]) {
      const reply = await system.write(
        'storable',
        hasOwnIds ? rows : rows.map((row) => ({ ...row, _id: new ObjectId() })),
        { hasOwnIds },
      );
      expect(reply).toMatchObject({ inserted: 1, rejected: [{ index: 1, code: 'STORE_REFUSED' }] });
    }
  });
});

describe('a limit on rejections', () => {
  it.each([
    ['with a key', { key: ['n'] }, true],
    ['without reading before', {}, false],
  ])('leaves out what follows the row that is one too many, %s', async (how, definition, hasOwnIds) => {
    const name = await system.dataset(hasOwnIds ? 'limited' : 'limited-blind', definition);
    await (await system.collectionOf(name)).createIndex({ email: 1 }, { unique: true });
    await system.write(name, [{ _id: 'x', n: -1, email: 'e3' }]);
    const rows = numbered(0, 10).map((row) => ({ ...row, email: `e${row.n % 6}` }));
    const chunk = { source: how, sequence: 0, hasOwnIds };

    // Refused are document 3, the asker's row before document 5, and the documents 6 to 9.
    const limit = { rejectionLimit: { max: 2, refusedBefore: [5] } };
    const reply = await system.write(name, rows, { ...chunk, ...limit });
    const again = await system.write(name, rows, { ...chunk, ...limit });

    expect(reply).toMatchObject({ inserted: 5, stoppedAt: 7 });
    expect(reply.rejected.map(({ index }) => index)).toEqual([3, 6]);
    expect(again).toEqual(reply);
    expect(await system.scan(name)).toHaveLength(6);
  });
});

describe('upsert', () => {
  it('inserts, replaces and leaves alone, and keeps the stored _id', async () => {
    await system.dataset('upserted', { key: ['n'] });
    await system.write('upserted', [
      { _id: 'a', n: 1, x: 1, y: 1 },
      { _id: 'b', n: 2, x: 2 },
    ]);

    const reply = await system.write(
      'upserted',
      [
        { _id: 'c', n: 1, x: 9 },
        { _id: 'd', n: 2, x: 2 },
        { _id: 'e', n: 3, $odd: 1 },
        { _id: 'f', n: 3, $odd: 2 },
      ],
      { mode: 'upsert', key: ['n'] },
    );

    expect(reply).toEqual({ inserted: 1, updated: 2, unchanged: 1, deleted: 0, skipped: 0, rejected: [] });
    expect(await system.scan('upserted')).toEqual([
      { _id: 'a', n: new Int32(1), x: new Int32(9) },
      { _id: 'b', n: new Int32(2), x: new Int32(2) },
      { _id: 'e', n: new Int32(3), $odd: new Int32(2) },
    ]);
  });

  it('replaces a stored record also where names begin with $ or have dots', async () => {
    await system.dataset('odd');
    await system.write('odd', [{ _id: 1, a: 1 }]);
    const odd = [{ _id: new Int32(1), $set: { b: new Int32(1) }, 'x.y': 'dot', z: '$a' }];

    const reply = await system.write('odd', odd, { mode: 'upsert' });

    expect(reply).toMatchObject({ updated: 1 });
    expect(bsonOf(await system.scan('odd')).equals(bsonOf(odd))).toBe(true);
  });

  it('matches on fields that are not the key and on _id', async () => {
    await system.dataset('matched', { key: ['n'] });
    await system.write('matched', [
      { _id: 1, n: 1, m: 'p' },
      { _id: 2, n: 2, m: 'q' },
    ]);

    const byM = await system.write(
      'matched',
      [
        { _id: 9, n: 3, m: 'p' },
        { _id: 9, n: 1, m: 'q' },
        { _id: 9, n: 1, m: 'p' },
      ],
      {
        mode: 'upsert',
        key: ['m'],
      },
    );
    const byId = await system.write(
      'matched',
      [
        { _id: 2, n: 7, m: 'q' },
        { _id: 3, n: 7, m: 'r' },
      ],
      { mode: 'upsert' },
    );

    expect(byM).toMatchObject({ updated: 2, inserted: 0, rejected: [{ index: 2, code: 'DUPLICATE_KEY', path: 'n' }] });
    expect(byId).toMatchObject({ updated: 1, inserted: 0, rejected: [{ index: 1, code: 'DUPLICATE_KEY', path: 'n' }] });
    expect(await system.scan('matched')).toEqual([
      { _id: new Int32(1), n: new Int32(3), m: 'p' },
      { _id: new Int32(2), n: new Int32(7), m: 'q' },
    ]);
  });

  it('ends in one record a key when chunks upsert the same keys side by side', async () => {
    await system.dataset('side', { key: ['n'] });
    const write = (source: string) =>
      system.write(
        'side',
        numbered(0, 100).map(({ n }) => ({ _id: `${source}-${n}`, n, by: source })),
        {
          ...{ source: `side-${source}`, sequence: 0, mode: 'upsert', key: ['n'] },
        },
      );

    const replies = await Promise.all(['a', 'b', 'c', 'd', 'e'].map(write));

    expect(replies.reduce((sum, { inserted }) => sum + inserted, 0)).toBe(100);
    expect(replies.reduce((sum, { updated }) => sum + updated, 0)).toBe(400);
    expect(await system.scan('side')).toHaveLength(100);
  });
});

describe('the right to write', () => {
  it('takes records:create, and records:update to upsert', async () => {
    await system.dataset('guarded');
    const write = async (mode: 'insert' | 'upsert', ...scopes: string[]) =>
      system.write('guarded', [{ _id: new ObjectId() }], { mode }, { authority: await system.bus.caller(...scopes) });
    const refused = { code: 'INSUFFICIENT_SCOPE' };

    await expect(write('insert', 'records:create:other', 'records:update:*')).rejects.toMatchObject(refused);
    await expect(write('insert', 'imports:create:*')).rejects.toMatchObject(refused);
    await expect(write('upsert', 'records:create:guarded')).rejects.toMatchObject(refused);
    expect(await write('insert', 'records:create:guarded')).toMatchObject({ inserted: 1 });
    expect(await write('upsert', 'records:create:guarded', 'records:update:guarded')).toMatchObject({ inserted: 1 });
  });

  it('is told from a verified caller alone', async () => {
    const request = {
      dataset: 'guarded',
      source: 's',
      sequence: 0,
      mode: 'insert' as const,
      key: [],
      documents: Buffer.alloc(0),
    };
    const asked = system.bus.ask(
      'import',
      writeRecords,
      { ...request, count: 0, hasOwnIds: true },
      { authority: 'forged' },
    );

    await expect(asked).rejects.toMatchObject({ code: 'CONTEXT_INVALID' });
  });
});
