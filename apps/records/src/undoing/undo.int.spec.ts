import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getDataset, undoChunk, type ReplyOf } from '@keyport/contracts';
import { codeOf, GrantSigner, until } from '@keyport/testing';
import { Double, Int32, Long, ObjectId, type BSON } from 'bson';
import { RecordsSystem } from '../harness/records-system.ts';

type Undone = ReplyOf<typeof undoChunk>;

let system: RecordsSystem;
let grants: GrantSigner;
let jobs = 0;

beforeAll(async () => {
  system = await RecordsSystem.start(2);
  grants = await GrantSigner.on(await system.servers.connectionOf('auth'));
});

afterAll(() => system.stop());

/** A dataset of its own, and an import that writes to it. */
async function world(definition: Parameters<RecordsSystem['dataset']>[1] = {}) {
  jobs += 1;
  const dataset = await system.dataset(`undone-${jobs}`, definition);
  const source = `00000000000000${(0x10 + jobs).toString(16)}`;
  const { id: datasetId } = await system.describe(dataset);
  return {
    dataset,
    source,
    datasetId,
    made: (row: number) => new ObjectId(source + row.toString(16).padStart(8, '0')),
    write: (rows: readonly BSON.Document[], chunk: Parameters<RecordsSystem['write']>[2] = {}) =>
      system.write(dataset, rows, { source, sequence: 0, ...chunk }),
    undo: (sequence = 0, { authority, fence = 1 }: { authority?: string; fence?: number } = {}): Promise<Undone> =>
      system.bus.ask(
        'import',
        undoChunk,
        { dataset, datasetId, source, sequence, fence },
        { ...(authority && { authority }) },
      ),
    ids: async () => (await system.plain(dataset)).map(({ _id }) => _id as unknown),
    records: () => system.collectionOf(dataset),
  };
}

const numbered = (count: number, extra: BSON.Document = {}) =>
  Array.from({ length: count }, (_, n) => ({ _id: n, n, ...extra }));

describe('undoing a chunk', () => {
  it('removes what it inserted and nobody changed, and names what it left', async () => {
    const { write, undo, ids, records } = await world();
    await write(numbered(6, { text: 'x' }));
    await (await records()).updateOne({ n: 1 }, { $set: { text: 'y' } });
    await (await records()).updateOne({ n: 2 }, { $set: { extra: true } });
    await (await records()).deleteOne({ n: 3 });

    const undone = await undo();

    expect(undone).toEqual({
      ...{ removed: 3, gone: 1, left: 2 },
      named: [
        { id: '{"$numberInt":"1"}', reason: 'CHANGED' },
        { id: '{"$numberInt":"2"}', reason: 'CHANGED' },
      ],
    });
    expect(await ids()).toEqual([1, 2]);
  });

  it('knows the records whose ids were made, and does not touch others', async () => {
    const { write, undo, made, ids } = await world();
    await system.write((await world()).dataset, [{ _id: 'elsewhere' }]);
    await write([{ _id: 'mine' }], { source: 'somebody', sequence: jobs });
    await write(
      [made(1), made(2), made(5)].map((_id) => ({ _id, a: 1 })),
      { hasOwnIds: false },
    );

    expect(await undo()).toMatchObject({ removed: 3, gone: 0, left: 0 });
    expect(await ids()).toEqual(['mine']);
  });

  it('answers the same again, and removes nothing that came since', async () => {
    const { write, undo, ids } = await world();
    await write(numbered(3));

    const first = await undo();
    await write(numbered(3), { source: 'somebody', sequence: jobs });

    expect(first).toMatchObject({ removed: 3 });
    expect(await undo()).toEqual(first);
    expect(await ids()).toEqual([0, 1, 2]);
  });

  it('is done once by many that ask at the same moment', async () => {
    const { write, undo, ids } = await world();
    await write(numbered(500));

    const replies = await Promise.all([1, 2, 3, 4, 5, 6].map(() => undo()));

    expect(replies.map(({ removed, gone }) => [removed, gone])).toEqual(replies.map(() => [500, 0]));
    expect(await ids()).toEqual([]);
  });

  it('takes back the inserts of an upsert, also where a later row of the chunk changed them, and no update', async () => {
    const { write, undo, records } = await world({ key: ['k'] });
    await write([{ _id: 'old', k: 1, v: 'before' }], { source: 'somebody', sequence: jobs });
    const rows = [
      { _id: 'a', k: 1, v: 'after' },
      { _id: 'b', k: 2, v: 'first' },
      { _id: 'c', k: 2, v: 'last' },
    ];
    expect(await write(rows, { mode: 'upsert', key: ['k'] })).toMatchObject({ inserted: 1, updated: 2 });

    expect(await undo()).toMatchObject({ removed: 1, left: 0, gone: 0 });
    expect(await (await records()).find().toArray()).toEqual([{ _id: 'old', k: 1, v: 'after' }]);
  });

  it('keeps a record whose value changed only its type', async () => {
    const { write, undo, records } = await world();
    await write([
      { _id: 'a', n: new Int32(1) },
      { _id: 'b', n: new Int32(1) },
    ]);
    await (await records()).replaceOne({ _id: 'a' as never }, { n: Long.fromNumber(1) });
    await (await records()).replaceOne({ _id: 'b' as never }, { n: new Double(1) });

    expect(await undo()).toMatchObject({ removed: 0, left: 2 });
  });

  it('leaves what the rows and fields of a token do not let it delete', async () => {
    const { write, undo, ids } = await world();
    await write(numbered(4).map((row) => ({ ...row, region: row.n % 2 ? 'eu' : 'us' })));
    const fields = await system.bus.limited({ fields: ['region'] });
    const eu = await system.bus.limited({ filter: { region: 'eu' } });

    expect(await codeOf(undo(0, { authority: fields }))).toBe('FIELD_NOT_ALLOWED');
    expect(await undo(0, { authority: eu })).toMatchObject({
      ...{ removed: 2, gone: 0, left: 2 },
      named: [{ reason: 'ROW_NOT_ALLOWED' }, { reason: 'ROW_NOT_ALLOWED' }],
    });
    expect(await ids()).toEqual([0, 2]);
  });

  it('takes the right to delete records', async () => {
    const { write, undo, dataset } = await world();
    await write(numbered(1));
    const authority = await system.bus.caller(`imports:*:${dataset}`, `records:create:${dataset}`, 'records:read:*');

    expect(await codeOf(undo(0, { authority }))).toBe('INSUFFICIENT_SCOPE');
  });

  it('says that it cannot, where nobody remembers the chunk or the dataset is another', async () => {
    const { write, undo, dataset, source } = await world();
    await write(numbered(2));
    expect(await codeOf(undo(1))).toBe('UNDO_EXPIRED');
    await system.database.collection('ledger').updateOne({ _id: `${source}:0` as never }, { $unset: { inserted: 1 } });
    expect(await codeOf(undo(0))).toBe('UNDO_EXPIRED');

    await system.remove(dataset);
    await system.dataset(dataset);
    await write(numbered(2), { sequence: 2 });
    expect(await codeOf(undo(2))).toBe('DATASET_NOT_FOUND');
    expect(await system.scan(dataset)).toHaveLength(2);
  });

  it('is told, once its rights are gone, what it did; and what it did not do, a smaller fence cannot do any more', async () => {
    const { write, undo, dataset, source, ids } = await world();
    const tokenId = `token-of-${source}`;
    const authority = await grants.sign(source, { tokenId, scope: `records:delete:${dataset}` });
    await write([{ _id: 'first' }], { sequence: 0 });
    await write([{ _id: 'second' }], { sequence: 1 });
    const first = await undo(0, { authority });
    await grants.revoke(tokenId);
    // Of two processes, each of which may answer.
    const describe = () => codeOf(system.bus.ask('import', getDataset, { name: dataset }, { authority }));
    const answers = () => Promise.all(Array.from({ length: 20 }, describe));
    await until(async () => (await answers()).every((code) => code === 'RIGHTS_LOST'), 'the rights to be lost');

    expect(await codeOf(undo(1, { authority, fence: 2 }))).toBe('RIGHTS_LOST');

    expect(await undo(0, { authority })).toEqual(first);
    expect(await codeOf(undo(1, { fence: 2 }))).toBe('WRITE_CONFLICT');
    expect(await ids()).toEqual(['second']);
    expect(await undo(1, { fence: 3 })).toMatchObject({ removed: 1 });
  });

  it('removes or keeps each record whole while others change them', async () => {
    const { write, undo, records } = await world();
    await write(numbered(300));
    const changing = Promise.all(
      Array.from({ length: 60 }, async (_, turn) =>
        (await records()).updateOne({ _id: (turn * 5) as never }, { $inc: { changes: 1 } }),
      ),
    );

    const [undone, results] = await Promise.all([undo(), changing]);

    const changed = results.reduce((sum, { modifiedCount }) => sum + modifiedCount, 0);
    const kept = await (await records()).find().toArray();
    expect(kept.every(({ changes }) => changes === 1)).toBe(true);
    expect(kept).toHaveLength(changed);
    expect(undone).toMatchObject({ removed: 300 - changed, left: changed, gone: 0 });
  });
});
