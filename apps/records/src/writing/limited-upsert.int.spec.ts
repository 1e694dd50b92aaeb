import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RowLimit } from '@keyport/access';
import type { AuthorizationDetail } from '@keyport/contracts';
import { codeOf, GrantSigner } from '@keyport/testing';
import { BSON, ObjectId } from 'bson';
import { detailOf } from '../harness/bus-client.ts';
import { RecordsSystem, refusalsOf } from '../harness/records-system.ts';

let system: RecordsSystem;

beforeAll(async () => {
  system = await RecordsSystem.start(2);
});

afterAll(() => system.stop());

type Chunk = Parameters<RecordsSystem['write']>[2];

async function write(limits: readonly RowLimit[], dataset: string, rows: readonly BSON.Document[], chunk: Chunk = {}) {
  return system.write(dataset, rows, chunk, { authority: await system.bus.limited(...limits) });
}

const upsert = { mode: 'upsert' } as const;
const eu: RowLimit = { filter: { region: 'eu' } };

describe('upserting through a limit of rows', () => {
  it('changes records that match before and after', async () => {
    await system.dataset('upsert');
    await system.write('upsert', [
      { _id: 1, region: 'eu', n: 1 },
      { _id: 2, region: 'us', n: 1 },
      { _id: 3, region: 'eu', n: 1 },
      { _id: 4, region: 'eu', n: 1 },
    ]);

    const rows = [
      { _id: 1, region: 'eu', n: 2 },
      { _id: 2, region: 'eu', n: 2 },
      { _id: 3, region: 'us', n: 2 },
      { _id: 4, region: 'eu', n: 1 },
      { _id: 5, region: 'eu', n: 2 },
      { _id: 6, region: 'us', n: 2 },
    ];
    const reply = await write([eu], 'upsert', rows, upsert);

    expect(reply).toMatchObject({ inserted: 1, updated: 1, unchanged: 1 });
    expect(refusalsOf(reply)).toEqual([1, 2, 5].map((index) => [index, 'ROW_NOT_ALLOWED']));
    expect((await system.plain('upsert')).map(({ _id, region, n }) => [_id, region, n] as unknown)).toEqual([
      [1, 'eu', 2],
      [2, 'us', 1],
      [3, 'eu', 1],
      [4, 'eu', 1],
      [5, 'eu', 2],
    ]);
  });

  it('looks at every row of a record in turn, as if they came one by one', async () => {
    await system.dataset('turns');
    await system.write('turns', [{ _id: 1, region: 'eu', n: 0 }]);
    const rows = Array.from({ length: 40 }, (_, n) => ({ _id: 1, region: n % 3 === 1 ? 'us' : 'eu', n }));

    const reply = await write([eu], 'turns', rows, upsert);

    expect(refusalsOf(reply).map(([index]) => index)).toEqual(rows.flatMap(({ n }) => (n % 3 === 1 ? [n] : [])));
    expect(await system.plain('turns')).toEqual([{ _id: 1, region: 'eu', n: 39 }]);
  });

  it('stops behind the rejected row that is one too many', async () => {
    await system.dataset('stopped');
    const rows = [1, 2, 3, 4, 5].map((_id) => ({ _id, region: _id % 2 === 0 ? 'us' : 'eu' }));

    const reply = await write([eu], 'stopped', rows, { ...upsert, rejectionLimit: { max: 1, refusedBefore: [] } });

    expect(reply).toMatchObject({ inserted: 2, stoppedAt: 4 });
    expect(await system.plain('stopped')).toHaveLength(2);
  });
});

describe('upserting through a limit of fields', () => {
  it('changes the fields of the row and leaves all others as they are', async () => {
    await system.dataset('merged');
    await system.write('merged', [{ _id: 1, secret: 's', a: 1, in: { x: 1, y: 2 }, last: true }]);
    const limit = { fields: ['_id', 'a', 'b', 'in.x', 'in.z'] };

    const first = await write([limit], 'merged', [{ _id: 1, b: 'new', a: 2, in: { z: 3, x: 9 } }], upsert);
    const again = await write([limit], 'merged', [{ _id: 1, a: 2 }], upsert);

    expect([first, again]).toMatchObject([{ updated: 1 }, { updated: 0, unchanged: 1 }]);
    expect(JSON.stringify((await system.plain('merged'))[0])).toBe(
      '{"_id":1,"secret":"s","a":2,"in":{"x":9,"y":2,"z":3},"last":true,"b":"new"}',
    );
  });

  it('does not take the place of what it may write in part only', async () => {
    await system.dataset('shapes');
    const before = [{ _id: 1, in: 'text' }, { _id: 2, in: [{ x: 1, y: 2 }] }, { _id: 3, in: [{ x: 1 }] }, { _id: 4 }];
    await system.write('shapes', before);

    const rows = [1, 2, 3, 4].map((_id) => ({ _id, in: [{ x: 1 }] }));
    const reply = await write([{ fields: ['_id', 'in.x'] }], 'shapes', rows, upsert);

    expect(refusalsOf(reply)).toEqual([
      [0, 'FIELD_NOT_ALLOWED', 'in'],
      [1, 'FIELD_NOT_ALLOWED', 'in'],
    ]);
    expect(reply).toMatchObject({ updated: 1, unchanged: 1 });
    expect((await system.plain('shapes')).slice(0, 3)).toEqual(before.slice(0, 3));
  });

  it('takes a key only where it is named, and joins rows of one record in turn', async () => {
    await system.dataset('keyed', { key: ['sku'] });
    await system.write('keyed', [{ _id: 1, sku: 'a', secret: 's' }]);
    const rows = [
      { _id: new ObjectId('00000000000000bb00000001'), sku: 'a', x: 1 },
      { _id: new ObjectId('00000000000000bb00000002'), sku: 'a', y: 2 },
      { _id: new ObjectId('00000000000000bb00000003'), sku: 'b', y: 2 },
      { _id: new ObjectId('00000000000000bb00000004'), sku: 'b', x: 3 },
    ];
    const chunk = { ...upsert, key: ['sku'], source: '00000000000000bb' };

    const unnamed = await write([{ fields: ['x', 'y'] }], 'keyed', rows.slice(0, 1), { ...chunk, sequence: 1 });
    const named = await write([{ fields: ['sku', 'x', 'y'] }], 'keyed', rows, { ...chunk, sequence: 2 });

    expect(refusalsOf(unnamed)).toEqual([[0, 'FIELD_NOT_ALLOWED', 'sku']]);
    expect(named).toMatchObject({ inserted: 1, updated: 3, rejected: [] });
    expect(await system.plain('keyed')).toEqual([
      { _id: 1, sku: 'a', secret: 's', x: 1, y: 2 },
      { _id: new ObjectId('00000000000000bb00000003'), sku: 'b', y: 2, x: 3 },
    ]);
  });

  it('is held to its rows as well, before and after', async () => {
    await system.dataset('both');
    await system.write('both', [
      { _id: 1, region: 'eu', secret: 's' },
      { _id: 2, region: 'us', secret: 's' },
    ]);
    const limit = { filter: { region: 'eu' }, fields: ['_id', 'region', 'n'] };

    const rows = [
      { _id: 1, n: 1 },
      { _id: 1, region: 'us' },
      { _id: 2, n: 1 },
      { _id: 2, region: 'eu' },
      { _id: 3, n: 1 },
    ];
    const reply = await write([limit], 'both', rows, upsert);

    expect(refusalsOf(reply)).toEqual([1, 2, 3, 4].map((index) => [index, 'ROW_NOT_ALLOWED']));
    expect(await system.plain('both')).toEqual([
      { _id: 1, region: 'eu', secret: 's', n: 1 },
      { _id: 2, region: 'us', secret: 's' },
    ]);
  });

  it('keeps to the narrower of two rights that both must admit a row', async () => {
    await system.dataset('narrower');
    await system.write('narrower', [{ _id: 1, in: { x: 1, y: 2 } }]);
    const grants = await GrantSigner.on(await system.servers.connectionOf('auth'));
    const authority = await grants.sign('00000000000000dd', {
      tokenId: 'narrower',
      scope: 'imports:create:narrower records:update:narrower',
      authorization_details: [
        detailOf({ fields: ['_id', 'in'] }, ['imports:create']),
        detailOf({ fields: ['_id', 'in.x'] }, ['records:update']),
      ],
    });

    const rows = [
      { _id: 1, in: { x: 5 } },
      { _id: 1, in: { y: 5 } },
    ];
    const reply = await system.write('narrower', rows, upsert, { authority });

    expect(refusalsOf(reply)).toEqual([[1, 'FIELD_NOT_ALLOWED', 'in.y']]);
    expect(await system.plain('narrower')).toEqual([{ _id: 1, in: { x: 5, y: 2 } }]);
  });
});

describe('a limited chunk', () => {
  it('is answered from the ledger when it comes again, also under other limits', async () => {
    await system.dataset('again');
    const chunk = { source: 'limited', sequence: 1 };
    const rows = [
      { _id: 1, region: 'eu' },
      { _id: 2, region: 'us' },
    ];

    const first = await write([eu], 'again', rows, chunk);
    const second = await write([{ filter: { region: 'us' } }], 'again', rows, chunk);

    expect(second).toEqual(first);
    expect(await system.plain('again')).toEqual([{ _id: 1, region: 'eu' }]);
  });

  it('is written once by two processes that get it at the same moment', async () => {
    await system.dataset('same', { key: ['n'] });
    for (let sequence = 0; sequence < 5; sequence += 1) {
      const rows = Array.from({ length: 50 }, (_, offset) => ({
        ...{ _id: sequence * 100 + offset, n: sequence * 100 + offset, region: offset % 2 === 0 ? 'eu' : 'us' },
      }));
      const chunk = { ...upsert, key: ['n'], source: 'same', sequence };

      const replies = await Promise.all([1, 2, 3].map(() => write([eu], 'same', rows, chunk)));

      expect(replies.map(({ inserted, rejected }) => [inserted, rejected.length])).toEqual(replies.map(() => [25, 25]));
    }
    expect(await system.scan('same')).toHaveLength(125);
  });

  it('is held to the limits of the rights that it takes', async () => {
    await system.dataset('actions');
    const write = async (rows: BSON.Document[], ...details: AuthorizationDetail[]) =>
      system.write('actions', rows, upsert, { authority: await system.bus.detailed(...details) });
    const creating = detailOf({ filter: { _id: { $lt: 10 } } }, ['records:create']);
    const changing = detailOf({ filter: { n: 1 } }, ['records:update']);

    const created = await write(
      [
        { _id: 1, n: 5 },
        { _id: 2, n: 1 },
        { _id: 11, n: 1 },
      ],
      creating,
      changing,
    );
    const changed = await write(
      [
        { _id: 1, n: 1 },
        { _id: 2, n: 1, x: 1 },
        { _id: 2, n: 5 },
      ],
      creating,
      changing,
    );

    expect(refusalsOf(created)).toEqual([[2, 'ROW_NOT_ALLOWED']]);
    expect(refusalsOf(changed)).toEqual([
      [0, 'ROW_NOT_ALLOWED'],
      [2, 'ROW_NOT_ALLOWED'],
    ]);
    expect(await codeOf(write([{ _id: 3 }], creating))).toBe('INSUFFICIENT_SCOPE');
    expect(await codeOf(write([{ _id: 3 }], changing))).toBe('INSUFFICIENT_SCOPE');
  });
});
