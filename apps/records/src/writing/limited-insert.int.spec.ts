import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RowLimit } from '@keyport/access';
import { BSON, Decimal128, ObjectId } from 'bson';
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

const eu: RowLimit = { filter: { region: 'eu' } };

describe('inserting through a limit of rows', () => {
  it('stores the rows that match and rejects the others, as data', async () => {
    await system.dataset('rows');

    const reply = await write([eu], 'rows', [
      { _id: 1, region: 'eu' },
      { _id: 2, region: 'us' },
      { _id: 3 },
      { _id: 4, region: ['us', 'eu'] },
    ]);

    expect(reply).toMatchObject({ inserted: 2, updated: 0, unchanged: 0 });
    expect(reply.rejected).toEqual(
      [1, 2].map((index) => ({ index, code: 'ROW_NOT_ALLOWED', message: expect.any(String) })),
    );
    expect(JSON.stringify(reply.rejected)).not.toContain('us');
    expect(await system.plain('rows')).toEqual([
      { _id: 1, region: 'eu' },
      { _id: 4, region: ['us', 'eu'] },
    ]);
  });

  it('holds where no stored record needs to be read, and for many rows', async () => {
    await system.dataset('blind');
    const rows = Array.from({ length: 3_000 }, (_, n) => ({ _id: new ObjectId(), n, text: 'x'.repeat(500) }));

    const reply = await write([{ filter: { n: { $lt: 1_000 } } }], 'blind', rows, { hasOwnIds: false });

    expect([reply.inserted, reply.rejected.length]).toEqual([1_000, 2_000]);
    expect(await system.scan('blind')).toHaveLength(1_000);
  });

  it('compares with the types that will be stored, whatever the names of fields', async () => {
    await system.dataset('typed');
    const filter = {
      at: { $lt: { $date: '2026-02-01T00:00:00Z' } },
      price: { $numberDecimal: '1.1' },
      owner: { $oid: '65f000000000000000000001' },
      gone: null,
    };
    const good = {
      at: new Date('2026-01-01T00:00:00Z'),
      price: new Decimal128('1.10'),
      owner: new ObjectId('65f000000000000000000001'),
    };

    const reply = await write([{ filter }], 'typed', [
      { _id: 1, ...good, $odd: 1, 'a.b': 2 },
      { _id: 2, ...good, at: '2026-01-01T00:00:00Z' },
      { _id: 3, ...good, owner: '65f000000000000000000001' },
      { _id: 4, ...good, gone: 0 },
      { _id: 5, ...good, gone: null },
    ]);

    expect(refusalsOf(reply)).toEqual([1, 2, 3].map((index) => [index, 'ROW_NOT_ALLOWED']));
    expect(reply.inserted).toBe(2);
  });

  it('does not say that a hidden record is there', async () => {
    await system.dataset('hidden', { key: ['sku'] });
    await system.write('hidden', [
      { _id: 1, sku: 'a', region: 'us' },
      { _id: 2, sku: 'b', region: 'eu' },
    ]);

    const reply = await write([eu], 'hidden', [
      { _id: 1, sku: 'x', region: 'eu' },
      { _id: 9, sku: 'a', region: 'eu' },
      { _id: 2, sku: 'y', region: 'eu' },
      { _id: 9, sku: 'b', region: 'eu' },
      { _id: 9, sku: 'c', region: 'eu' },
      { _id: 9, sku: 'd', region: 'eu' },
    ]);

    expect(refusalsOf(reply)).toEqual([
      [0, 'ROW_NOT_ALLOWED'],
      [1, 'ROW_NOT_ALLOWED'],
      [2, 'DUPLICATE_KEY', '_id'],
      [3, 'DUPLICATE_KEY', 'sku'],
      [5, 'DUPLICATE_KEY', '_id'],
    ]);
  });
});

describe('inserting through a limit of fields', () => {
  it('stores rows of named fields alone, and names the first other one', async () => {
    await system.dataset('fields');

    const reply = await write([{ fields: ['_id', 'a', 'in.x'] }], 'fields', [
      { _id: 1, a: { any: 'thing' }, in: { x: 1 } },
      { _id: 2, a: 1, b: 1 },
      { _id: 3, in: { x: 1, y: 2 } },
      { _id: 4, in: 5 },
      { _id: 5, in: [{ x: 1 }, { y: 1 }] },
      { _id: 6, in: [{ x: 1 }] },
      { _id: 7, 'in.x': 1 },
    ]);

    expect(refusalsOf(reply)).toEqual([
      [1, 'FIELD_NOT_ALLOWED', 'b'],
      [2, 'FIELD_NOT_ALLOWED', 'in.y'],
      [3, 'FIELD_NOT_ALLOWED', 'in'],
      [4, 'FIELD_NOT_ALLOWED', 'in.y'],
      [6, 'FIELD_NOT_ALLOWED', 'in.x'],
    ]);
    expect(reply.inserted).toBe(2);
  });

  it('takes an _id that Keyport made, and one of the row only where it is named', async () => {
    await system.dataset('made');
    const made = new ObjectId('00000000000000aa00000001');
    const fields = [{ fields: ['a'] }];

    const mixed = await write(
      fields,
      'made',
      [
        { _id: made, a: 1 },
        { _id: 5, a: 1 },
        { _id: new ObjectId(), a: 1 },
      ],
      {
        source: '00000000000000aa',
      },
    );
    const allMade = await write(fields, 'made', [{ _id: new ObjectId(), a: 1 }], { hasOwnIds: false });

    expect(refusalsOf(mixed)).toEqual([
      [1, 'FIELD_NOT_ALLOWED', '_id'],
      [2, 'FIELD_NOT_ALLOWED', '_id'],
    ]);
    expect([mixed.inserted, allMade.inserted]).toEqual([1, 1]);
  });

  it('needs one limit that admits all of a row', async () => {
    await system.dataset('one');
    const limits = [
      { filter: { region: 'eu' }, fields: ['_id', 'region', 'a'] },
      { filter: { team: 1 }, fields: ['_id', 'region', 'team', 'b'] },
    ];

    const reply = await write(limits, 'one', [
      { _id: 1, region: 'eu', a: 1 },
      { _id: 2, region: 'us', team: 1, b: 1 },
      { _id: 3, region: 'eu', team: 1, a: 1, b: 1 },
      { _id: 4, region: 'us', a: 1 },
      { _id: 5, region: 'eu', b: 1 },
    ]);

    expect(refusalsOf(reply)).toEqual([
      [2, 'FIELD_NOT_ALLOWED', 'team'],
      [3, 'ROW_NOT_ALLOWED'],
      [4, 'FIELD_NOT_ALLOWED', 'b'],
    ]);
  });
});
