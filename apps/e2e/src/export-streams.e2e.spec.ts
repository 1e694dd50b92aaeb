import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, TestStack, unpackZstd, type KeyportClient } from '@keyport/testing';
import { startWithOrders } from './orders-stack.ts';
import { rawGet } from './streaming.ts';

const rowCount = 20_000;

describe('A stream of records', () => {
  let stack: TestStack;
  let client: KeyportClient;
  let source: string;

  beforeAll(async () => {
    ({ stack, client, source } = await startWithOrders(rowCount));
    await client.putDataset('empty');
  });

  afterAll(() => stack?.stop());

  const fields = 'orderId,customer,lines,total,paid,note,placedAt';

  it('streams back every row and value, in order', async () => {
    const text = await client.text(`/v1/datasets/orders/records?fields=${fields}`, 'application/x-ndjson');

    const sourceRows = source
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    const rows = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(rows).toHaveLength(rowCount);
    expect(rows).toEqual(sourceRows);
  });

  it('writes a JSON array and CSV by Accept', async () => {
    const json = JSON.parse(
      await client.text('/v1/datasets/orders/records?limit=3&fields=orderId', 'application/json'),
    ) as unknown;
    const csv = await client.text('/v1/datasets/orders/records?limit=2&fields=orderId,customer.city,note', 'text/csv');

    expect(json).toEqual([0, 1, 2].map((index) => ({ orderId: `order-00000000${index}` })));
    expect(csv.split('\n')[0]).toBe('orderId,customer.city,note');
    expect(csv.trimEnd().split('\n')).toHaveLength(3);
  });

  it('writes whole CSV with a column for all that occurs', async () => {
    const csv = await client.text('/v1/datasets/orders/records', 'text/csv');

    expect(csv.split('\n')[0]?.split(',')).toEqual(
      expect.arrayContaining(['_id', 'orderId', 'customer.id', 'customer.city', 'placedAt']),
    );
    expect(csv.trimEnd().split('\n').length).toBeGreaterThanOrEqual(rowCount + 1);
  });

  it.each([
    ['application/x-ndjson', ''],
    ['application/json', '[]'],
  ])('of an empty dataset as %s is well formed', async (accept, expected) => {
    expect((await client.text('/v1/datasets/empty/records', accept)).trim()).toBe(expected);
  });

  it('refuses what it cannot write', async () => {
    const { status, body } = await client.request('/v1/datasets/orders/records', {
      headers: { accept: 'application/xml' },
    });

    expect([status, body]).toMatchObject([406, { code: 'NOT_ACCEPTABLE' }]);
  });

  it.each([
    ['identity', undefined, String],
    ['gzip', 'gzip', gunzipSync],
    ['zstd', 'zstd', unpackZstd],
    ['br;q=1, gzip;q=0.5, zstd;q=0.1', 'gzip', gunzipSync],
  ] as const)('streams to a client that accepts %s', async (accepted, encoding, unpack) => {
    const plain = await rawGet(client, '/v1/datasets/orders/records', {});

    const { headers, body } = await rawGet(client, '/v1/datasets/orders/records', { 'accept-encoding': accepted });
    const head = await rawGet(client, '/v1/datasets/orders/records', { 'accept-encoding': accepted }, 'HEAD');

    expect(headers['content-encoding']).toBe(encoding);
    expect(headers.vary).toBe('Accept, Accept-Encoding');
    expect(headers['content-type']).toBe('application/x-ndjson; charset=utf-8');
    expect(String(unpack(body))).toBe(String(plain.body));
    expect(head.headers['content-encoding']).toBe(encoding);
  });

  it('refuses to stream to a client that takes neither the text as it is nor a compression of ours', async () => {
    const accept = { 'accept-encoding': 'br, identity;q=0' };
    const { status, headers, body } = await rawGet(client, '/v1/datasets/orders/records', accept);

    expect([status, JSON.parse(String(body))]).toMatchObject([406, { code: 'NOT_ACCEPTABLE' }]);
    expect(headers['content-encoding']).toBeUndefined();
  });

  it('writes CSV that comes back with its types, null, and what looks like formulas', async () => {
    const rows = [
      '{"_id":"a","n":{"$numberLong":"5"},"at":{"$date":"2026-01-02T03:04:05Z"},"t":"=1+1","in":{"x.y":null}}',
      '{"_id":"b","n":{"$numberLong":"-5"},"t":"NULL","in":{"x.y":"-"}}',
      '{"_id":"c","at":null,"t":""}',
    ];
    await client.putDataset('table');
    await client.putDataset('table-copy');
    await client.imported('table', 'application/x-ndjson', rows.join('\n'), '?ejson=canonical');
    const style = 'types=header&csv.nullText=NULL';
    const canonical = (name: string) => client.text(`/v1/datasets/${name}/records?ejson=canonical`);

    const csv = await client.text(
      `/v1/datasets/table/records?${style}&csv.formulas=escape&csv.bom=true&csv.delimiter=%3B&csv.newline=crlf`,
      'text/csv',
    );
    const query = `?${style}&csv.formulas=unescape&csv.delimiter=%3B&csv.empty=absent`;
    const { counts } = await client.imported('table-copy', 'text/csv', csv, query);
    const job = await client.exported('table', {
      ...{ format: 'csv', types: 'header' },
      csv: { nullText: 'NULL', formulas: 'escape', bom: true, delimiter: ';', newline: 'crlf' },
    });

    expect(csv.split('\r\n').slice(0, 2)).toEqual([
      '_id.string();n.int64();at.date();t.string();in.x\\.y.string()',
      "a;5;2026-01-02T03:04:05Z;'=1+1;NULL",
    ]);
    expect(counts).toMatchObject({ inserted: 3, rejected: 0 });
    expect(await canonical('table-copy')).toBe(await canonical('table'));
    expect(await client.text(`/v1/exports/${job.id}/file`)).toBe(csv);
  });

  it('refuses options of CSV for other formats, and names them', async () => {
    const stream = await client.request('/v1/datasets/orders/records?csv.bom=true');
    const file = await client.request('/v1/datasets/orders/exports', {
      ...{ method: 'POST', json: { format: 'json', types: 'header', csv: { nullText: 'x' } } },
    });

    expect(stream).toMatchObject({ status: 422, body: { errors: [{ path: 'csv.bom' }] } });
    expect(file).toMatchObject({ status: 422, body: { errors: [{ path: 'types' }, { path: 'csv.nullText' }] } });
  });

  it('shows single records and deletes them', async () => {
    await client.putDataset('single');
    await client.imported('single', 'application/x-ndjson', '{"_id":"a/b","n":1}\n{"_id":7,"n":2}\n{"n":3}\n');
    const [generated] = (await client.records<{ _id: { $oid: string } | string | number }>('single')).filter(
      ({ _id }) => typeof _id === 'object',
    );
    const { $oid } = generated?._id as { $oid: string };
    const one = (id: string) =>
      client.request<{ n: number; code?: string }>(`/v1/datasets/single/records/${encodeURIComponent(id)}`);

    const [byText, byNumber, byObjectId] = [await one('a/b'), await one('{"$numberInt":"7"}'), await one($oid)];
    const deleted = await client.request(`/v1/datasets/single/records/${$oid}`, { method: 'DELETE' });

    expect([byText.body.n, byNumber.body.n, byObjectId.body.n]).toEqual([1, 2, 3]);
    expect(deleted.status).toBe(204);
    expect((await one($oid)).body.code).toBe('RECORD_NOT_FOUND');
  });

  it('streams what changed since a whole read, in any format, and no part of that', async () => {
    const put = { method: 'PUT', json: { trackChanges: true } };
    const records = '/v1/datasets/changing/records';
    await client.ok('/v1/datasets/changing', put);
    await client.imported('changing', 'application/x-ndjson', '{"_id":1,"a":1}\n{"_id":2,"b":{"c":2}}\n');
    // Right after tracking began there may be no cursor yet.
    const whole = await eventually(
      () => client.request<string>(records),
      ({ headers }) => headers.has('keyport-since'),
    );
    const before = whole.body.trimEnd().split('\n');
    const since = `since=${whole.headers.get('keyport-since') ?? ''}`;
    const heads = await Promise.all(
      ['', '?limit=1', `?${since}`].map((query) => client.raw(`${records}${query}`, { method: 'HEAD' })),
    );
    const refused = await client.raw('/v1/datasets/nowhere/records', { method: 'HEAD' });

    await client.imported(
      'changing',
      'application/x-ndjson',
      '{"_id":1,"a":9}\n{"_id":3,"b":{"c":3}}\n',
      '?mode=upsert',
    );
    await client.ok(`${records}/${encodeURIComponent('{"$numberInt":"2"}')}`, { method: 'DELETE' });
    const csv = (await client.text(`${records}?${since}`, 'text/csv')).trimEnd().split('\n');
    const json = JSON.parse(await client.text(`${records}?${since}`, 'application/json')) as { _id: number }[];
    const sinceHead = heads[0]?.headers.get('keyport-since') ?? '';
    const again = await client.raw(`${records}?since=${sinceHead}`);
    await again.text();
    const next = await client.text(`${records}?since=${again.headers.get('keyport-since') ?? ''}`);

    expect(before).toHaveLength(2);
    expect(heads.map(({ headers }) => headers.has('keyport-since'))).toEqual([true, false, true]);
    expect(refused.status).toBe(404);
    expect(csv[0]).toBe('$deleted,_id,a,b.c');
    expect(csv.slice(1).toSorted()).toEqual([',1,9,', ',3,,3', 'true,2,,']);
    expect(json.toSorted((one, other) => one._id - other._id)).toEqual([
      { _id: 1, a: 9 },
      { $deleted: true, _id: 2 },
      { _id: 3, b: { c: 3 } },
    ]);
    expect(next).toBe('');
    expect(await client.request(`${records}?${since}&limit=1`)).toMatchObject({ status: 422 });
    expect(await client.request(`${records}?since=nonsense`)).toMatchObject({ body: { code: 'CURSOR_INVALID' } });
    expect((await client.raw('/v1/datasets/orders/records?limit=1')).headers.has('keyport-since')).toBe(false);
  });
});
