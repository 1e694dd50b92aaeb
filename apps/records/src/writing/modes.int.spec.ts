import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RowLimit } from '@keyport/access';
import type { WriteMode } from '@keyport/contracts';
import { codeOf, GrantSigner } from '@keyport/testing';
import type { BSON } from 'bson';
import { detailOf } from '../harness/bus-client.ts';
import { RecordsSystem, refusalsOf } from '../harness/records-system.ts';

let system: RecordsSystem;
let grants: GrantSigner;

beforeAll(async () => {
  system = await RecordsSystem.start();
  grants = await GrantSigner.on(await system.servers.connectionOf('auth'));
});

afterAll(() => system.stop());

const byN = (mode: WriteMode) => ({ mode, key: ['n'] });

describe('replace', () => {
  it('puts rows in the place of records that are there, whole, and skips the others', async () => {
    await system.dataset('replaced', { key: ['n'] });
    await system.write('replaced', [
      { _id: 'a', n: 1, x: 1, y: 1 },
      { _id: 'b', n: 2, x: 2 },
    ]);

    const reply = await system.write(
      'replaced',
      [{ _id: 'z', n: 1, x: 9 }, { _id: 'z', n: 2, x: 2 }, { _id: 'z', n: 3 }, { _id: 'z' }],
      byN('replace'),
    );

    expect(reply).toMatchObject({ inserted: 0, updated: 1, unchanged: 1, deleted: 0, skipped: 1 });
    expect(refusalsOf(reply)).toEqual([[3, 'MISSING_KEY', 'n']]);
    expect(await system.plain('replaced')).toEqual([
      { _id: 'a', n: 1, x: 9 },
      { _id: 'b', n: 2, x: 2 },
    ]);
  });

  it('skips every row whose _id was made for it', async () => {
    await system.dataset('made');
    for (const mode of ['replace', 'delete'] as const) {
      const reply = await system.write('made', [{ _id: 1 }, { _id: 2 }], { mode, hasOwnIds: false });
      expect(reply).toEqual({ inserted: 0, updated: 0, unchanged: 0, deleted: 0, skipped: 2, rejected: [] });
    }
    expect(await system.scan('made')).toEqual([]);
  });
});

describe('merge', () => {
  it('puts fields in the place of those of the same names, whole, and inserts what matches nothing', async () => {
    await system.dataset('merged', { key: ['n'] });
    await system.write('merged', [{ _id: 'a', n: 1, in: { x: 1, y: 2 }, keep: true, gone: 1, $odd: 1 }]);

    const rows = [
      { _id: 'z', n: 1, in: { x: 5 }, new: 1, gone: null },
      { _id: 'z', n: 1, 'a.b': 2, $odd: 2 },
      { _id: 'c', n: 2, x: 1 },
      { _id: 'y', n: 2, y: 2 },
    ];
    const reply = await system.write('merged', rows, byN('merge'));
    const again = await system.write('merged', rows, byN('merge'));

    expect(reply).toMatchObject({ inserted: 1, updated: 3, unchanged: 0, rejected: [] });
    expect(again).toMatchObject({ inserted: 0, updated: 0, unchanged: 4, rejected: [] });
    expect((await system.plain('merged')).map((record) => JSON.stringify(record))).toEqual([
      '{"_id":"a","n":1,"in":{"x":5},"keep":true,"gone":null,"$odd":2,"new":1,"a.b":2}',
      '{"_id":"c","n":2,"x":1,"y":2}',
    ]);
  });

  it('takes from the record what a row lacks of the key, and keeps keys unique', async () => {
    await system.dataset('completed', { key: ['a', 'b'] });
    await system.write('completed', [
      { _id: 1, a: 1, b: 1 },
      { _id: 2, a: 2, b: 1 },
      { _id: 3, a: 3, b: 3 },
    ]);

    const reply = await system.write(
      'completed',
      [
        { _id: 1, a: 2 },
        { _id: 3, a: 2 },
        { _id: 3, b: 1 },
        { _id: 2, b: 9 },
        { _id: 3, b: 1 },
        { _id: 1, b: ['x'] },
        { _id: 4, a: 4 },
        { _id: 1, x: 1 },
      ],
      { mode: 'merge' },
    );

    expect(reply).toMatchObject({ inserted: 0, updated: 4 });
    expect(refusalsOf(reply)).toEqual([
      [0, 'DUPLICATE_KEY', 'a,b'],
      [2, 'DUPLICATE_KEY', 'a,b'],
      [5, 'KEY_TYPE', 'b'],
      [6, 'MISSING_KEY', 'b'],
    ]);
    expect(await system.plain('completed')).toEqual([
      { _id: 1, a: 1, b: 1, x: 1 },
      { _id: 2, a: 2, b: 9 },
      { _id: 3, a: 2, b: 1 },
    ]);
  });
});

describe('merge into a dataset with a schema', () => {
  it('lets a row leave out what its record has, and no record be without what is required', async () => {
    await system.dataset('schema', { key: ['n'], schema: { type: 'object', required: ['n', 'name'] } });
    const rows = [
      { _id: 1, n: 1, name: 'one' },
      { _id: 2, n: 1, x: 1 },
      { _id: 3, n: 2, x: 1 },
      { _id: 4, n: 2, name: 'two' },
    ];

    const reply = await system.write('schema', rows, byN('merge'));
    const made = await system.write('schema', [{ _id: 9, n: 9 }], { mode: 'merge', hasOwnIds: false });

    expect(reply).toMatchObject({ inserted: 2, updated: 1 });
    expect(refusalsOf(reply)).toEqual([[2, 'SCHEMA_VIOLATION', 'name']]);
    expect(refusalsOf(made)).toEqual([[0, 'SCHEMA_VIOLATION', 'name']]);
    expect(await system.plain('schema')).toEqual([
      { _id: 1, n: 1, name: 'one', x: 1 },
      { _id: 4, n: 2, name: 'two' },
    ]);
  });
});

describe('delete', () => {
  it('takes away what rows match, by nothing but what they match on', async () => {
    await system.dataset('deleted', { key: ['n'] });
    await system.write(
      'deleted',
      [1, 2, 3, 4].map((n) => ({ _id: n * 10, n, x: n })),
    );

    const byKey = await system.write('deleted', [{ _id: 'z', n: 1 }, { _id: 'z', n: 1 }, { _id: 'z' }], byN('delete'));
    const byId = await system.write('deleted', [{ _id: 20 }, { _id: 'none', n: 3 }], { mode: 'delete' });
    const anew = await system.write('deleted', [{ _id: 20, n: 1 }]);

    expect(byKey).toMatchObject({ deleted: 1, skipped: 1, rejected: [{ index: 2, code: 'MISSING_KEY', path: 'n' }] });
    expect(byId).toMatchObject({ deleted: 1, skipped: 1, rejected: [] });
    expect(anew).toMatchObject({ inserted: 1 });
    expect((await system.plain('deleted')).map(({ _id, n }) => [_id, n] as unknown)).toEqual([
      [20, 1],
      [30, 3],
      [40, 4],
    ]);
  });

  it('takes one record a row, the first by _id, where several match', async () => {
    await system.dataset('several');
    await system.write(
      'several',
      [5, 1, 4, 2, 3].map((_id) => ({ _id, m: _id < 5 ? 'p' : 'q' })),
    );
    const rows = ['p', 'q', 'q', 'p'].map((m, index) => ({ _id: `row-${index}`, m }));

    const reply = await system.write('several', rows, { mode: 'delete', key: ['m'] });

    expect(reply).toMatchObject({ deleted: 3, skipped: 1 });
    expect((await system.plain('several')).map(({ _id }) => _id as number)).toEqual([3, 4]);
  });

  it('deletes thousands at once, whatever types their ids have', async () => {
    await system.dataset('many');
    const rows = Array.from({ length: 3_000 }, (_, n) => ({ _id: n % 3 === 0 ? { n } : n % 3 === 1 ? String(n) : n }));
    await system.write('many', [...rows, { _id: 'stays' }, { _id: null }]);

    const reply = await system.write('many', [...rows, { _id: null }], { mode: 'delete' });

    expect(reply).toMatchObject({ deleted: 3_001, skipped: 0, rejected: [] });
    expect(await system.plain('many')).toEqual([{ _id: 'stays' }]);
  });
});

describe('the right to each mode', () => {
  const code = async (dataset: string, mode: WriteMode, authority: string) =>
    codeOf(system.write(dataset, [{ _id: 1 }], { mode }, { authority }));

  it('is that to create, to update or to delete what it may come to', async () => {
    await system.dataset('rights');
    const may = async (mode: WriteMode, ...actions: string[]) =>
      code('rights', mode, await system.bus.caller(...actions.map((action) => `records:${action}:rights`)));

    expect(await may('replace', 'create', 'delete')).toBe('INSUFFICIENT_SCOPE');
    expect(await may('merge', 'create', 'delete')).toBe('INSUFFICIENT_SCOPE');
    expect(await may('merge', 'update')).toBe('INSUFFICIENT_SCOPE');
    expect(await may('delete', 'create', 'update')).toBe('INSUFFICIENT_SCOPE');
    expect(await may('replace', 'update')).toBe('none');
    expect(await may('merge', 'create', 'update')).toBe('none');
    expect(await may('delete', 'delete')).toBe('none');
  });

  it('is for an import that to import, and what it may do to records', async () => {
    await system.dataset('imported');
    const may = async (mode: WriteMode, ...scopes: string[]) => {
      const scope = scopes.map((one) => `${one}:imported`).join(' ');
      return code('imported', mode, await grants.sign('00000000000000ee', { tokenId: 'modes', scope }));
    };

    for (const mode of ['replace', 'merge'] as const) {
      expect(await may(mode, 'imports:create', 'records:delete')).toBe('INSUFFICIENT_SCOPE');
      expect(await may(mode, 'imports:create', 'records:update')).toBe('none');
    }
    expect(await may('delete', 'imports:create', 'records:update')).toBe('INSUFFICIENT_SCOPE');
    expect(await may('delete', 'imports:create', 'records:delete')).toBe('none');
  });
});

describe('a limited writer', () => {
  const eu: RowLimit = { filter: { region: 'eu' } };
  const write = async (limits: readonly RowLimit[], dataset: string, rows: BSON.Document[], mode: WriteMode) =>
    system.write(dataset, rows, { mode, key: ['m'] }, { authority: await system.bus.limited(...limits) });

  it('replaces and deletes as if records that it may not see were not there', async () => {
    await system.dataset('unseen');
    await system.write('unseen', [
      { _id: 1, m: 'p', region: 'us' },
      { _id: 2, m: 'p', region: 'eu' },
      { _id: 3, m: 'q', region: 'us' },
    ]);
    const row = (m: string, region: string) => ({ _id: 'row', m, region });

    const replaced = await write([eu], 'unseen', [row('p', 'us'), row('q', 'eu'), row('none', 'eu')], 'replace');
    const deleted = await write([eu], 'unseen', [row('p', 'any'), row('p', 'any'), row('q', 'any')], 'delete');

    expect(replaced).toMatchObject({ updated: 0, skipped: 2 });
    expect(refusalsOf(replaced)).toEqual([[0, 'ROW_NOT_ALLOWED']]);
    expect(deleted).toMatchObject({ deleted: 1, skipped: 2, rejected: [] });
    expect((await system.plain('unseen')).map(({ _id }) => _id as number)).toEqual([1, 3]);
  });

  it('merges the fields that it may write, and neither replaces nor deletes through a limit of fields', async () => {
    await system.dataset('fields');
    await system.write('fields', [{ _id: 1, m: 'p', secret: 's', in: { x: 1, y: 2 } }]);
    const limit = { fields: ['_id', 'm', 'in.x'] };

    for (const mode of ['replace', 'delete'] as const) {
      const reply = await write([limit], 'fields', [{ _id: 1, m: 'p' }], mode);
      expect(refusalsOf(reply)).toEqual([[0, 'FIELD_NOT_ALLOWED']]);
    }
    const merged = await write(
      [limit],
      'fields',
      [
        { _id: 1, m: 'p', in: { x: 5 } },
        { _id: 1, m: 'p', secret: 't' },
      ],
      'merge',
    );

    expect(merged).toMatchObject({ updated: 1 });
    expect(refusalsOf(merged)).toEqual([[1, 'FIELD_NOT_ALLOWED', 'secret']]);
    expect(await system.plain('fields')).toEqual([{ _id: 1, m: 'p', secret: 's', in: { x: 5, y: 2 } }]);
  });

  it('merges only what stays within its rows', async () => {
    await system.dataset('within');
    await system.write('within', [
      { _id: 1, m: 'p', region: 'eu' },
      { _id: 2, m: 'q', region: 'us' },
    ]);

    const rows = [
      { _id: 1, m: 'p', n: 1 },
      { _id: 1, m: 'p', region: 'us' },
      { _id: 2, m: 'q', region: 'eu' },
      { _id: 3, m: 'r', region: 'eu' },
      { _id: 4, m: 's' },
    ];
    const reply = await write([eu], 'within', rows, 'merge');

    expect(reply).toMatchObject({ inserted: 1, updated: 1 });
    expect(refusalsOf(reply)).toEqual([1, 2, 4].map((index) => [index, 'ROW_NOT_ALLOWED']));
    expect((await system.plain('within')).slice(0, 2)).toEqual([
      { _id: 1, m: 'p', region: 'eu', n: 1 },
      { _id: 2, m: 'q', region: 'us' },
    ]);
  });

  it('deletes for an import what both its right to import and that to delete admit', async () => {
    await system.dataset('both');
    await system.write(
      'both',
      [1, 2, 3].map((n) => ({ _id: n, a: n < 3, b: n > 1 })),
    );
    const authority = await grants.sign('00000000000000ff', {
      tokenId: 'both',
      scope: 'imports:create:both records:delete:both',
      authorization_details: [
        detailOf({ filter: { a: true } }, ['imports:create']),
        detailOf({ filter: { b: true } }, ['records:delete']),
      ],
    });

    const rows = [1, 2, 3].map((_id) => ({ _id }));
    const reply = await system.write('both', rows, { mode: 'delete' }, { authority });

    expect(reply).toMatchObject({ deleted: 1, skipped: 2, rejected: [] });
    expect((await system.plain('both')).map(({ _id }) => _id as number)).toEqual([1, 3]);
  });
});
