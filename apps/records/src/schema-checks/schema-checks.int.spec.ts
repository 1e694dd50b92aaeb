import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkSchema, putDataset } from '@keyport/contracts';
import { Decimal128, Long, ObjectId } from 'bson';
import { exactly } from '../harness/modes-model.ts';
import { RecordsSystem, refusalsOf } from '../harness/records-system.ts';

let system: RecordsSystem;

beforeAll(async () => {
  system = await RecordsSystem.start();
});

afterAll(() => system.stop());

const check = (name: string, schema?: Record<string, unknown>, authority?: string) =>
  system.bus.ask('gateway', checkSchema, { name, ...(schema && { schema }) }, authority ? { authority } : {});

describe('a schema check', () => {
  it('counts stored records that an import would refuse, by code and field, and changes none of them', async () => {
    await system.dataset('checked', { key: ['n'] });
    const records = Array.from({ length: 1200 }, (_, n) => ({ _id: n, n, name: n % 3 === 0 ? n : 'x' }));
    await system.write('checked', records);
    const before = (await system.scan('checked')).map(exactly);

    const found = await check('checked', {
      properties: { n: { type: 'integer', maximum: 1099 }, name: { type: 'string' } },
      required: ['n'],
    });

    expect(found).toMatchObject({ checked: 1200, failing: 467, complete: true });
    expect(found.problems.map(({ code, path, records: count, id }) => [code, path, count, id])).toEqual([
      ['TYPE_MISMATCH', 'name', 400, '{"$numberInt":"0"}'],
      ['SCHEMA_VIOLATION', 'n', 67, '{"$numberInt":"1100"}'],
    ]);
    expect((await system.scan('checked')).map(exactly)).toEqual(before);
  });

  it('sees records as rows: stored types are what they would be in a file, and _id is none of them', async () => {
    await system.dataset('typed');
    const record = {
      ...{ at: new Date(), big: Long.MAX_VALUE, price: Decimal128.fromString('1.10'), ref: new ObjectId() },
      ...{ list: [{ x: 1 }], bad: 'no id' },
    };
    await system.write('typed', [{ _id: new ObjectId(), ...record }]);
    const properties = {
      at: { type: 'string', format: 'date-time' },
      big: { type: 'integer', format: 'int64' },
      price: { type: 'string', format: 'decimal' },
      ref: { type: 'string', format: 'objectid' },
      list: { type: 'array', items: { type: 'object', properties: { x: { type: 'integer' } } } },
      bad: { type: 'string' },
    };

    expect(await check('typed', { properties, additionalProperties: false })).toMatchObject({ checked: 1, failing: 0 });
    expect(
      await check('typed', { properties: { ...properties, bad: { type: 'string', format: 'objectid' } } }),
    ).toMatchObject({
      failing: 1,
      problems: [{ code: 'TYPE_MISMATCH', path: 'bad' }],
    });
  });

  it('is part of the answer to a change of schema, which touches no record', async () => {
    await system.dataset('changed');
    await system.write(
      'changed',
      [1, 2, 3].map((n) => ({ _id: n, n })),
    );
    const schema = { properties: { n: { maximum: 2 } } };

    const changed = await system.bus.ask('gateway', putDataset, { name: 'changed', schema });
    const blind = await system.bus.ask(
      ...(['gateway', putDataset, { name: 'changed', schema: { ...schema, title: 'x' } }] as const),
      { authority: await system.bus.caller('datasets:update:*') },
    );

    expect(changed).toMatchObject({ created: false, schemaCheck: { checked: 3, failing: 1, complete: true } });
    expect(changed.schemaCheck?.problems).toMatchObject([{ path: 'n', records: 1 }]);
    expect(blind).not.toHaveProperty('schemaCheck');
    expect(await system.plain('changed', { fields: ['n'] })).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(await check('changed')).toMatchObject({ failing: 1 });
  });

  it('is for who may read all records, since a schema can ask for any value', async () => {
    await system.dataset('secret');
    await system.write('secret', [{ _id: 1, n: 1 }]);
    const refused = { code: 'INSUFFICIENT_SCOPE' };

    await expect(check('secret', {}, await system.bus.caller('datasets:*:*'))).rejects.toMatchObject(refused);
    await expect(check('secret', {}, await system.bus.limited({ filter: { n: 1 } }))).rejects.toMatchObject(refused);
    await expect(check('secret', { type: 'x' })).rejects.toMatchObject({ code: 'SCHEMA_INVALID' });
  });
});

describe('a merged record', () => {
  const schema = {
    properties: { low: { type: 'integer' }, high: { type: 'integer' }, kind: { enum: ['a', 'b'] } },
    required: ['kind'],
    dependentRequired: { low: ['high'] },
    minProperties: 2,
    additionalProperties: false,
    if: { properties: { kind: { const: 'b' } } },
    then: { required: ['high'] },
  };

  it('is checked against the whole schema, and its row only together with the record', async () => {
    await system.dataset('merged', { schema });
    await system.write(
      'merged',
      [1, 2, 3].map((_id) => ({ _id, kind: 'a', high: 5 })),
    );
    const rows = [
      { _id: 1, low: 1 },
      { _id: 2, kind: 'c' },
      { _id: 3, more: 1 },
      { _id: 3, kind: 'b' },
      { _id: 4, kind: 'b', low: 2 },
      { _id: 5, kind: 'a', high: 1 },
      { _id: 6, high: 1, low: 1 },
    ];

    const reply = await system.write('merged', rows, { mode: 'merge' });

    expect(reply).toMatchObject({ inserted: 1, updated: 2 });
    expect(refusalsOf(reply).map(([index, code]) => [index, code])).toEqual(
      [1, 2, 4, 6].map((index) => [index, 'SCHEMA_VIOLATION']),
    );
    expect(reply.rejected.map(({ path }) => path)).toEqual(['kind', undefined, expect.anything(), 'kind']);
  });
});
