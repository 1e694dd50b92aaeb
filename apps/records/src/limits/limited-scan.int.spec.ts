import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { scanRecords } from '@keyport/contracts';
import { codeOf, GrantSigner } from '@keyport/testing';
import { BSON, Decimal128, Double, Int32, Long, ObjectId } from 'bson';
import { detailOf } from '../harness/bus-client.ts';
import { plainly, RecordsSystem } from '../harness/records-system.ts';
import { findCommand } from '../scanning/scan.repository.ts';

let system: RecordsSystem;

beforeAll(async () => {
  system = await RecordsSystem.start();
});

afterAll(() => system.stop());

async function fill(name: string, documents: readonly BSON.Document[]): Promise<string> {
  await system.dataset(name);
  for (let from = 0; from < documents.length; from += 1_000)
    await system.write(name, documents.slice(from, from + 1_000));
  return name;
}

const scan = (name: string, authority: string, options: Parameters<RecordsSystem['scan']>[1] = {}) =>
  system.plain(name, options, authority);

describe('a scan through a limit of rows', () => {
  it('gives the rows that match, in order, whatever the size of its pages', async () => {
    const rows = Array.from({ length: 2_000 }, (_, index) => ({ _id: index, region: index % 3 === 0 ? 'eu' : 'us' }));
    await fill('rows', rows);
    const authority = await system.bus.limited({ filter: { region: 'eu' } });
    const expected = rows.filter(({ region }) => region === 'eu');

    for (const options of [{}, { maxBytes: 1_000 }, { limit: 7 }]) {
      expect(await scan('rows', authority, options)).toEqual(expected);
    }
  });

  it('compares as MongoDB does: types, lists, nested fields, null and absent', async () => {
    await fill('types', [
      { _id: 1, at: new Date('2026-01-01T00:00:00Z'), n: new Int32(5), list: [1, 2], in: { a: 'x' }, maybe: null },
      { _id: 2, at: new Date('2026-06-01T00:00:00Z'), n: new Double(5), list: [{ a: 1 }], in: { a: 'y' } },
      { _id: 3, at: 'text', n: Long.fromString('9007199254740993'), owner: new ObjectId('65f000000000000000000001') },
      { _id: 4, n: new Decimal128('5.00'), price: new Decimal128('1.10'), maybe: 'here' },
    ]);
    const cases: [Record<string, unknown>, number[]][] = [
      [{ at: { $gte: { $date: '2026-03-01T00:00:00Z' } } }, [2]],
      [{ n: 5 }, [1, 2, 4]],
      [{ n: { $numberDecimal: '5' } }, [1, 2, 4]],
      [{ n: { $numberLong: '9007199254740993' } }, [3]],
      [{ n: { $gt: { $numberLong: '9007199254740992' } } }, [3]],
      [{ owner: { $oid: '65f000000000000000000001' } }, [3]],
      [{ owner: '65f000000000000000000001' }, []],
      [{ price: { $in: [{ $numberDecimal: '1.1' }] } }, [4]],
      [{ list: 2 }, [1]],
      [{ 'list.a': 1 }, [2]],
      [{ 'in.a': { $ne: 'x' } }, [2, 3, 4]],
      [{ in: { a: 'y' } }, [2]],
      [{ maybe: null }, [1, 2, 3]],
      [{ maybe: { $exists: true, $ne: null } }, [4]],
      [{ $nor: [{ n: 5 }, { owner: { $exists: true } }] }, []],
      [{ $or: [{ _id: 1 }, { _id: 2, n: { $not: { $lt: 5 } } }] }, [1, 2]],
    ];

    for (const [filter, ids] of cases) {
      const authority = await system.bus.limited({ filter });
      expect([filter, (await scan('types', authority)).map(({ _id }) => _id as unknown)]).toEqual([filter, ids]);
    }
  });

  it('gives an empty page and goes on where many rows do not match', async () => {
    const rows = Array.from({ length: 12_000 }, (_, index) => ({ _id: index, last: index === 11_999 }));
    await fill('sparse', rows);
    const authority = await system.bus.limited({ filter: { last: true } });

    const pages: BSON.Document[][] = [];
    for await (const page of system.pages('sparse', {}, authority)) pages.push(plainly(page));

    expect(pages.length).toBeGreaterThan(1);
    expect(pages[0]).toEqual([]);
    expect(pages.flat()).toEqual([{ _id: 11_999, last: true }]);
  });

  it('looks at the records of its window alone, by the index on _id, also among ids of all types', async () => {
    const ids = [
      null,
      ...Array.from({ length: 50 }, (_, n) => n),
      'a',
      'b',
      { a: 1 },
      new ObjectId(),
      false,
      new Date(0),
    ];
    await fill(
      'mixed',
      ids.map((_id, index) => ({ _id, even: index % 2 === 0 })),
    );
    const { collectionName } = await system.collectionOf('mixed');
    const find = findCommand({
      ...{ collectionName, after: 40, until: 'b', query: { even: true } },
      ...{ projection: undefined, limit: 1_000 },
    });

    const plan = await system.database.db?.command({ explain: find, verbosity: 'executionStats' });

    const authority = await system.bus.limited({ filter: { even: true } });
    expect(await system.scan('mixed', { limit: 1 }, authority)).toHaveLength(29);
    expect(plan?.['executionStats']).toMatchObject({ nReturned: 6 });
    expect((plan?.['executionStats'] as { totalKeysExamined: number }).totalKeysExamined).toBeLessThanOrEqual(14);
  });
});

describe('a scan through a limit of fields', () => {
  const rows = [
    {
      _id: 1,
      name: 'a',
      in: { open: 1, shut: 2 },
      lines: [
        { sku: 'x', cost: 1 },
        { sku: 'y', cost: 2 },
      ],
      'in.open': 9,
    },
    { _id: 2, name: 'b', in: 'not a document' },
  ];

  it('shows the named fields alone, nested ones and those inside lists too', async () => {
    await fill('fields', rows);
    const authority = await system.bus.limited({ fields: ['name', 'in.open', 'lines.sku'] });

    expect(await scan('fields', authority)).toEqual([
      { name: 'a', in: { open: 1 }, lines: [{ sku: 'x' }, { sku: 'y' }] },
      { name: 'b' },
    ]);
    expect(await scan('fields', authority, { fields: ['in.open'], maxBytes: 1 })).toEqual([{ in: { open: 1 } }, {}]);
  });

  it('shows _id where it is named', async () => {
    await fill('ids', [{ _id: 1, a: 1 }]);

    expect(await scan('ids', await system.bus.limited({ fields: ['_id'] }))).toEqual([{ _id: 1 }]);
    expect(await scan('ids', await system.bus.limited({ fields: ['a'] }))).toEqual([{ a: 1 }]);
  });

  it('refuses a field that was not named, and one that holds more than was named', async () => {
    await fill('refused', rows);
    const authority = await system.bus.limited({ fields: ['name', 'in.open'] });

    for (const field of ['in', 'in.shut', '_id', 'nam', 'names']) {
      const asked = system.scan('refused', { fields: ['name', field] }, authority);
      await expect(asked).rejects.toMatchObject({ code: 'FIELD_NOT_ALLOWED', params: { field } });
    }
    expect(await scan('refused', authority, { fields: ['in.open.deeper', 'name'] })).toEqual([
      { name: 'a', in: {} },
      { name: 'b' },
    ]);
  });
});

describe('a scan through several limits', () => {
  const rows = [
    { _id: 1, region: 'eu', team: 1, a: 'a', b: 'b', c: 'c' },
    { _id: 2, region: 'us', team: 1, a: 'a', b: 'b', c: 'c' },
    { _id: 3, region: 'us', team: 2, a: 'a', b: 'b', c: 'c' },
    { _id: 4, region: 'eu', team: 2, a: 'a', b: 'b', c: 'c' },
  ];
  const limits = [
    { filter: { region: 'eu' }, fields: ['_id', 'a'] },
    { filter: { team: 1 }, fields: ['_id', 'b'] },
  ];

  it('shows of each row the fields of all limits that admit it', async () => {
    await fill('several', rows);
    const authority = await system.bus.limited(...limits);

    for (const options of [{}, { maxBytes: 1 }]) {
      expect(await scan('several', authority, options)).toEqual([
        { _id: 1, a: 'a', b: 'b' },
        { _id: 2, b: 'b' },
        { _id: 4, a: 'a' },
      ]);
    }
    expect(await scan('several', authority, { fields: ['a'] })).toEqual([{ a: 'a' }, {}, { a: 'a' }]);
    await expect(system.scan('several', { fields: ['c'] }, authority)).rejects.toMatchObject({
      code: 'FIELD_NOT_ALLOWED',
    });
  });

  it('shows whole rows where one limit names no fields, and all rows where one has no filter', async () => {
    await fill('whole', rows);

    const wholeEu = await system.bus.limited({ filter: { region: 'eu' } }, { fields: ['b'] });
    expect(await scan('whole', wholeEu)).toEqual([rows[0], { b: 'b' }, { b: 'b' }, rows[3]]);
    const sameFields = await system.bus.limited(
      { filter: { _id: 1 }, fields: ['b'] },
      { filter: { _id: 3 }, fields: ['b'] },
    );
    expect(await scan('whole', sameFields)).toEqual([{ b: 'b' }, { b: 'b' }]);
  });
});

describe('limits of a scan', () => {
  it('hold on every page, also behind the cursor of somebody without limits', async () => {
    const rows = Array.from({ length: 20 }, (_, index) => ({ _id: index, even: index % 2 === 0 }));
    await fill('borrowed', rows);
    const { next } = await system.bus.ask('export', scanRecords, { dataset: 'borrowed', limit: 4 });
    const authority = await system.bus.limited({ filter: { even: true }, fields: ['_id'] });

    const rest = await scan('borrowed', authority, next ? { cursor: next } : {});

    expect(rest).toEqual([4, 6, 8, 10, 12, 14, 16, 18].map((_id) => ({ _id })));
  });

  it('leave no hidden _id in a cursor, and no cursor can be made by hand', async () => {
    await fill('sealed', [{ _id: 'hidden-one' }, { _id: 'hidden-two' }, { _id: 'hidden-three' }]);
    const { next = Buffer.alloc(0) } = await system.bus.ask('export', scanRecords, { dataset: 'sealed', limit: 1 });
    const { collectionName } = await system.collectionOf('sealed');
    const forged = [BSON.serialize({ _id: 'hidden-a', c: collectionName, a: 5 }), next.with(20, (next[20] ?? 0) ^ 1)];

    expect(Buffer.from(next).includes('hidden')).toBe(false);
    for (const cursor of [...forged, Buffer.from('x')]) {
      const asked = system.bus.ask('export', scanRecords, { dataset: 'sealed', cursor });
      await expect(asked).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
    }
  });

  it('are those of the action: of reading for a token, of exporting for an accepted export', async () => {
    await fill('actions', [{ _id: 1 }, { _id: 2 }, { _id: 3 }]);
    const authorization_details = [
      detailOf({ filter: { _id: 1 } }, ['records:read']),
      detailOf({ filter: { _id: 2 } }, ['exports:create']),
    ];
    const grants = await GrantSigner.on(await system.servers.connectionOf('auth'));
    const claims = {
      tokenId: 'exporting',
      scope: 'exports:create:actions records:read:actions',
      authorization_details,
    };
    const grant = await grants.sign('00000000000000ee', claims);

    expect(await scan('actions', await system.bus.detailed(...authorization_details))).toEqual([{ _id: 1 }]);
    expect(await scan('actions', grant)).toEqual([{ _id: 2 }]);
    const writing = await system.bus.detailed(detailOf({}, ['records:create']));
    expect(await codeOf(system.scan('actions', {}, writing))).toBe('INSUFFICIENT_SCOPE');
  });
});
