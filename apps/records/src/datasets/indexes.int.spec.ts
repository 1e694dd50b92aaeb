import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { changeDataset, type RequestInput } from '@keyport/contracts';
import { codeOf, eventually, TeamMongod } from '@keyport/testing';
import { RecordsSystem } from '../harness/records-system.ts';
import { indexNameOf } from './dataset-index.ts';

let system: RecordsSystem;
let team: TeamMongod;

beforeAll(async () => {
  system = await RecordsSystem.start(0);
  team = await TeamMongod.start();
  await system.startService({ KEYPORT_SOURCES: JSON.stringify({ erp: team.url('erp') }) });
});

afterAll(async () => {
  await Promise.all([system?.stop(), team?.stop()]);
});

const change = async (name: string, wanted: Omit<RequestInput<typeof changeDataset>, 'name'>) =>
  (await system.bus.ask('gateway', changeDataset, { name, ...wanted })).dataset;

const keysOf = async (name: string) =>
  (await (await system.collectionOf(name)).indexes()).map(({ key, unique }) => [Object.entries(key), unique ?? false]);
const ofId = [[['_id', 1]], false];

describe('indexes of a dataset', () => {
  it('are those that were named last, in the collection and in the answer', async () => {
    await system.dataset('indexed', { key: ['k'], indexes: [{ fields: ['a', '-b.c'] }] });
    await system.write('indexed', [{ _id: 1, k: 1, a: 1 }]);
    const ofKey = [[['k', 1]], true];
    const ofA = [
      [
        ['a', 1],
        ['b.c', -1],
      ],
      false,
    ];
    expect(await keysOf('indexed')).toEqual([ofId, ofKey, ofA]);

    const changed = await change('indexed', { indexes: [{ fields: ['d'], unique: true }, { fields: ['a', '-b.c'] }] });
    expect(changed.indexes).toEqual([
      { fields: ['d'], unique: true, state: 'ready' },
      { fields: ['a', '-b.c'], unique: false, state: 'ready' },
    ]);
    expect(await keysOf('indexed')).toEqual([ofId, ofKey, ofA, [[['d', 1]], true]]);
    expect((await change('indexed', { schema: {} })).indexes).toHaveLength(2);

    expect((await change('indexed', { indexes: null })).indexes).toEqual([]);
    expect(await keysOf('indexed')).toEqual([ofId, ofKey]);
  });

  it('stay as they were where the records do not allow one', async () => {
    await system.dataset('doubled', { indexes: [{ fields: ['a'] }] });
    await system.write('doubled', [
      { _id: 1, a: 5, b: 1, l: [1], m: [1] },
      { _id: 2, a: 5, b: 2, l: [1], m: [1] },
    ]);
    const before = await keysOf('doubled');

    const indexes = [{ fields: ['b'] }, { fields: ['a'], unique: true }];
    expect(await codeOf(change('doubled', { indexes }))).toBe('INDEX_NOT_UNIQUE');
    expect(await codeOf(change('doubled', { indexes: [{ fields: ['l', 'm'] }] }))).toBe('INDEX_REFUSED');

    expect(await keysOf('doubled')).toEqual(before);
    expect((await system.describe('doubled')).indexes).toEqual([{ fields: ['a'], unique: false, state: 'ready' }]);
  });

  it('go on with another key, and reject rows that are not unique', async () => {
    await system.dataset('moved', { key: ['k'], indexes: [{ fields: ['u'], unique: true }] });
    await change('moved', { key: ['l'] });

    const written = await system.write('moved', [
      { _id: 1, l: 1, u: 1 },
      { _id: 2, l: 2, u: 1 },
    ]);

    expect(await keysOf('moved')).toEqual([ofId, [[['l', 1]], true], [[['u', 1]], true]]);
    expect(written).toMatchObject({ inserted: 1, rejected: [{ index: 1, code: 'DUPLICATE_KEY' }] });
    expect(await codeOf(change('moved', { indexes: [{ fields: ['l'] }] }))).toBe('VALIDATION_FAILED');
  });

  it('are built to the end, or said to have failed, where the process that began is gone', async () => {
    await system.dataset('resumed');
    await system.write('resumed', [
      { _id: 1, a: 1 },
      { _id: 2, a: 1 },
    ]);
    const [good, bad] = [
      { fields: ['b'], unique: false },
      { fields: ['a'], unique: true },
    ];
    const building = [good, bad].map((index) => ({ ...index, name: indexNameOf(index), state: 'building' }));
    await system.database
      .collection('datasets')
      .updateOne({ _id: 'resumed' as never }, { $set: { indexes: building } });

    const { indexes } = await eventually(
      () => system.describe('resumed'),
      (dataset) => dataset.indexes.every(({ state }) => state !== 'building'),
    );

    expect(indexes).toMatchObject([{ state: 'ready' }, { state: 'failed', error: { code: 'INDEX_NOT_UNIQUE' } }]);
  });

  it('are never made on a collection of the team', async () => {
    await team.db('erp').collection('theirs').insertOne({ a: 1 });
    const mapping = { source: 'erp', collection: 'theirs' };
    const indexes = [{ fields: ['a'] }];

    expect(await codeOf(system.dataset('theirs', { mapping, indexes }))).toBe('DATASET_INDEXES_FIXED');
    await system.dataset('theirs', { mapping, indexes: [] });
    expect(await codeOf(change('theirs', { indexes }))).toBe('DATASET_INDEXES_FIXED');
    expect(await team.db('erp').collection('theirs').indexes()).toHaveLength(1);
  });
});
