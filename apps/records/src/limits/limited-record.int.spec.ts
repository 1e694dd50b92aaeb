import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deleteRecord, putRecord } from '@keyport/contracts';
import { codeOf } from '@keyport/testing';
import { BSON, ObjectId } from 'bson';
import { detailOf } from '../harness/bus-client.ts';
import { RecordsSystem } from '../harness/records-system.ts';

let system: RecordsSystem;
const hex = '65f000000000000000000001';

beforeAll(async () => {
  system = await RecordsSystem.start();
});

afterAll(() => system.stop());

async function fill(name: string, documents: readonly BSON.Document[]): Promise<void> {
  await system.dataset(name);
  await system.write(name, documents);
}

async function get(dataset: string, id: string, authority?: string): Promise<unknown> {
  return JSON.parse(await system.json(dataset, id, authority));
}

const remove = (dataset: string, id: string, authority: string) =>
  system.bus.ask('gateway', deleteRecord, { dataset, id }, { authority });

const put = (dataset: string, id: string, record: unknown, authority?: string) =>
  system.bus.ask(
    'gateway',
    putRecord,
    { dataset, id, json: Buffer.from(typeof record === 'string' ? record : JSON.stringify(record)) },
    authority ? { authority } : {},
  );

describe('a single record read through limits', () => {
  it('is not there where no limit admits it', async () => {
    await fill('read', [
      { _id: 'a', region: 'eu', n: 1 },
      { _id: 'b', region: 'us', n: 2 },
    ]);
    const authority = await system.bus.limited({ filter: { region: 'eu' } });

    expect(await get('read', 'a', authority)).toEqual({ _id: 'a', region: 'eu', n: 1 });
    const hidden = get('read', 'b', authority);
    await expect(hidden).rejects.toMatchObject({ code: 'RECORD_NOT_FOUND', params: { dataset: 'read' } });
  });

  it('shows the named fields, of all limits that admit it', async () => {
    await fill('shown', [{ _id: 'a', region: 'eu', team: 1, in: { x: 1, y: 2 }, b: 2 }]);
    const eu = { filter: { region: 'eu' }, fields: ['in.x'] };

    expect(await get('shown', 'a', await system.bus.limited(eu))).toEqual({ in: { x: 1 } });
    const both = await system.bus.limited(eu, { filter: { team: 1 }, fields: ['_id', 'b'] });
    expect(await get('shown', 'a', both)).toEqual({ _id: 'a', in: { x: 1 }, b: 2 });
    const one = await system.bus.limited(eu, { filter: { team: 2 }, fields: ['_id', 'b'] });
    expect(await get('shown', 'a', one)).toEqual({ in: { x: 1 } });
  });

  it('is the visible one of two whose ids are written alike', async () => {
    await fill('alike', [
      { _id: new ObjectId(hex), region: 'us' },
      { _id: hex, region: 'eu' },
    ]);

    expect(await get('alike', hex, await system.bus.limited({ filter: { region: 'eu' } }))).toMatchObject({ _id: hex });
  });
});

describe('a single record deleted through limits', () => {
  it('must be admitted, or is not there', async () => {
    await fill('deleted', [
      { _id: 'a', region: 'eu' },
      { _id: 'b', region: 'us' },
    ]);
    const authority = await system.bus.limited({ filter: { region: 'eu' } });

    expect(await codeOf(remove('deleted', 'b', authority))).toBe('RECORD_NOT_FOUND');
    await remove('deleted', 'a', authority);
    expect(await system.plain('deleted')).toEqual([{ _id: 'b', region: 'us' }]);
  });

  it('takes a right to all of its fields', async () => {
    await fill('whole', [{ _id: 'a' }]);

    expect(await codeOf(remove('whole', 'a', await system.bus.limited({ fields: ['_id'] })))).toBe('FIELD_NOT_ALLOWED');
    const other = await system.bus.limited({ fields: ['_id'] }, { filter: { _id: 'b' } });
    expect(await codeOf(remove('whole', 'a', other))).toBe('RECORD_NOT_FOUND');
    const readOnly = await system.bus.detailed(detailOf({}, ['records:read']));
    expect(await codeOf(remove('whole', 'a', readOnly))).toBe('INSUFFICIENT_SCOPE');
    expect(await system.plain('whole')).toHaveLength(1);
  });
});

describe('a single record that is put', () => {
  it('is created, then replaced as a whole, and keeps every type', async () => {
    await system.dataset('put');

    expect(await put('put', 'a', '{ "n": {"$numberLong": "9007199254740993"},\n "d": 1.0, "old": true }')).toEqual({
      created: true,
    });
    expect((await system.scan('put'))[0]).toMatchObject({ n: { low: 1 }, d: { value: 1, _bsontype: 'Double' } });
    expect(await put('put', 'a', { _id: 'a', n: 1 })).toEqual({ created: false });
    expect(await put('put', 'a', { n: 1 })).toEqual({ created: false });
    expect(await system.plain('put')).toEqual([{ _id: 'a', n: 1 }]);
  });

  it('has the id that its address means: of a record that exists, or the likeliest', async () => {
    await fill('addressed', [{ _id: hex, is: 'its text' }]);

    await put('addressed', hex, { is: 'changed' });
    await put('addressed', hex, { _id: { $oid: hex }, is: 'an ObjectId' });
    await put('addressed', '{"$numberInt":"5"}', { is: 'a number' });
    await put('addressed', '65f000000000000000000002', { is: 'new' });

    expect(await system.plain('addressed')).toEqual([
      { _id: 5, is: 'a number' },
      { _id: hex, is: 'changed' },
      { _id: new ObjectId(hex), is: 'an ObjectId' },
      { _id: new ObjectId('65f000000000000000000002'), is: 'new' },
    ]);
    const other = put('addressed', 'a', { _id: 'b' });
    await expect(other).rejects.toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ path: '_id' }] });
  });

  it('is checked and typed by the schema, as an imported row', async () => {
    const schema = {
      required: ['at'],
      properties: { at: { type: 'string', format: 'date-time' }, total: { format: 'decimal' } },
    };
    await system.dataset('typed', { schema });

    await put('typed', 'a', { at: '2026-01-02T03:04:05Z', total: '1.10' });

    expect((await system.scan('typed'))[0]).toMatchObject({ at: new Date('2026-01-02T03:04:05Z') });
    await expect(put('typed', 'b', {})).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      errors: [{ path: 'at', code: 'SCHEMA_VIOLATION' }],
    });
    const mistyped = put('typed', 'b', { at: 'yesterday' });
    await expect(mistyped).rejects.toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ path: 'at' }] });
  });

  it('is refused where it is not one JSON object', async () => {
    await system.dataset('malformed');

    for (const text of ['', '[]', '[{}]', '5', 'null', '{} {}', '{"a":1} x', '{"a":1', '{"a":}', '{"a":"\n"}']) {
      expect([text, await codeOf(put('malformed', 'a', text))]).toEqual([
        text,
        expect.stringMatching(/^(?:MALFORMED_BODY|VALIDATION_FAILED)$/),
      ]);
    }
    expect(await codeOf(put('malformed', 'a', { a: { $oid: 'x' } }))).toBe('VALIDATION_FAILED');
    expect(await codeOf(put('malformed', '{"$regularExpression":{"pattern":"x","options":""}}', {}))).toBe(
      'VALIDATION_FAILED',
    );
    expect(await codeOf(put('nowhere', 'a', {}))).toBe('DATASET_NOT_FOUND');
    expect(await system.plain('malformed')).toEqual([]);
  });

  it("does not take another record's key", async () => {
    await system.dataset('keyed', { key: ['sku'] });
    await put('keyed', 'a', { sku: 1 });

    await expect(put('keyed', 'b', { sku: 1 })).rejects.toMatchObject({
      code: 'RECORD_KEY_TAKEN',
      params: { dataset: 'keyed', fields: 'sku' },
    });
    await expect(put('keyed', 'b', {})).rejects.toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ path: 'sku' }] });
    expect(await put('keyed', 'a', { sku: 2 })).toEqual({ created: false });
  });

  it('takes the rights to create and to change records', async () => {
    await system.dataset('rights');

    for (const scope of ['records:create:rights', 'records:update:rights', 'records:read:*']) {
      expect(await codeOf(put('rights', 'a', {}, await system.bus.caller(scope)))).toBe('INSUFFICIENT_SCOPE');
    }
    const both = await system.bus.caller('records:create:rights', 'records:update:rights');
    expect(await put('rights', 'a', {}, both)).toEqual({ created: true });
  });

  it('must be admitted before and after', async () => {
    await fill('admitted', [
      { _id: 'eu', region: 'eu' },
      { _id: 'us', region: 'us' },
    ]);
    const authority = await system.bus.limited({ filter: { region: 'eu' } });

    expect(await put('admitted', 'new', { region: 'eu' }, authority)).toEqual({ created: true });
    expect(await put('admitted', 'eu', { region: 'eu', n: 1 }, authority)).toEqual({ created: false });
    for (const [id, region] of [
      ['us', 'eu'],
      ['us', 'us'],
      ['eu', 'us'],
      ['other', 'us'],
    ] as const) {
      expect(await codeOf(put('admitted', id, { region }, authority))).toBe('ROW_NOT_ALLOWED');
    }
    expect(await system.plain('admitted')).toEqual([
      { _id: 'eu', region: 'eu', n: 1 },
      { _id: 'new', region: 'eu' },
      { _id: 'us', region: 'us' },
    ]);
  });

  it('is not for who may write some fields only', async () => {
    await fill('partial', [{ _id: 'a', n: 1, secret: 1 }]);

    const limited = await system.bus.limited({ fields: ['_id', 'n'] });
    expect(await codeOf(put('partial', 'a', { n: 2 }, limited))).toBe('FIELD_NOT_ALLOWED');
    expect(await codeOf(put('partial', 'b', { n: 2 }, limited))).toBe('FIELD_NOT_ALLOWED');
    expect(await system.plain('partial')).toEqual([{ _id: 'a', n: 1, secret: 1 }]);
  });
});
