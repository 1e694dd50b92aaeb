import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { orderNdjson, TestStack, type KeyportClient } from '@keyport/testing';

const rowCount = 20_000;

describe('An export', () => {
  let stack: TestStack;
  let client: KeyportClient;
  const source = Buffer.concat([...orderNdjson(rowCount, 7)]).toString();

  beforeAll(async () => {
    stack = await TestStack.start();
    client = stack.client;
    await client.putDataset('orders');
    await client.imported('orders', 'application/x-ndjson', source);
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

  it('writes a file in the background, whose bytes are those of the stream and whose digest is right', async () => {
    const job = await client.exported('orders', { format: 'ndjson' });
    const response = await client.raw(`/v1/exports/${job.id}/file`);
    const file = Buffer.from(await response.arrayBuffer());

    const digest = createHash('sha256').update(file).digest('base64');
    expect(job).toMatchObject({
      state: 'completed',
      counts: { written: rowCount },
      bytes: file.length,
      digest: `sha-256=:${digest}:`,
    });
    expect(response.headers.get('content-length')).toBe(String(file.length));
    expect(response.headers.get('etag')).toBe(`"${digest}"`);
    expect(response.headers.get('content-disposition')).toContain('attachment');
    expect(file.toString()).toBe(await client.text('/v1/datasets/orders/records', 'application/x-ndjson'));
  });

  it.each([
    ['gzip', 'gz', 'application/gzip', gunzipSync],
    ['zstd', 'zst', 'application/zstd', zstdDecompressSync],
  ] as const)('is a file of %s, which is served as what it is and can be imported again', async (...kind) => {
    const [compression, ending, type, unpack] = kind;
    const job = await client.exported('orders', { format: 'ndjson', ejson: 'canonical', compression });
    const response = await client.raw(`/v1/exports/${job.id}/file`);
    const file = Buffer.from(await response.arrayBuffer());
    const plain = await client.text('/v1/datasets/orders/records?ejson=canonical', 'application/x-ndjson');

    expect(job).toMatchObject({ compression, bytes: file.length });
    expect(response.headers.get('content-type')).toBe(type);
    expect(response.headers.get('content-encoding')).toBeNull();
    expect(response.headers.get('content-disposition')).toContain(`orders-${job.id}.ndjson.${ending}"`);
    // More than one part, so that whoever unpacks it must read on behind the first.
    expect(plain.length).toBeGreaterThan(4 * 1024 * 1024);
    expect(unpack(file).toString()).toBe(plain);
    if (compression === 'gzip')
      expect(execFileSync('gzip', ['-dc'], { input: file, maxBuffer: 1e9 }).toString()).toBe(plain);

    const copy = `copy-${compression}`;
    await client.putDataset(copy);
    const { counts } = await client.imported(copy, 'application/x-ndjson', file, '?ejson=canonical', {
      'content-encoding': compression,
    });
    expect(counts).toMatchObject({ read: rowCount, inserted: rowCount });
    expect(await client.text(`/v1/datasets/${copy}/records?ejson=canonical`, 'application/x-ndjson')).toBe(plain);
  });

  it.each([
    ['identity', undefined, String],
    ['gzip', 'gzip', gunzipSync],
    ['zstd', 'zstd', zstdDecompressSync],
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

  it('serves ranges, conditions and HEAD', async () => {
    const job = await client.exported('orders', { format: 'csv', fields: ['orderId'] });
    const path = `/v1/exports/${job.id}/file`;
    const whole = await client.text(path);
    const get = (headers: Record<string, string>, method = 'GET') => client.raw(path, { method, headers });
    const etag = (await get({}, 'HEAD')).headers.get('etag') ?? '';

    const middle = await get({ range: 'bytes=100-199' });
    const tail = await get({ range: 'bytes=-10', 'if-range': etag });
    const changed = await get({ range: 'bytes=0-9', 'if-range': '"other"' });
    const outside = await get({ range: `bytes=${whole.length}-` });
    const known = await get({ 'if-none-match': etag });
    const head = await get({}, 'HEAD');

    expect([middle.status, middle.headers.get('content-range'), await middle.text()]).toEqual([
      206,
      `bytes 100-199/${whole.length}`,
      whole.slice(100, 200),
    ]);
    expect([tail.status, await tail.text()]).toEqual([206, whole.slice(-10)]);
    expect([changed.status, (await changed.text()).length]).toEqual([200, whole.length]);
    expect([outside.status, outside.headers.get('content-range')]).toEqual([416, `bytes */${whole.length}`]);
    expect([known.status, await known.text()]).toEqual([304, '']);
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([
      200,
      String(whole.length),
      '',
    ]);
  });

  it('is listed, and gone once deleted', async () => {
    const job = await client.exported('orders', { limit: 5 });

    const { items } = await client.ok<{ items: { id: string }[] }>('/v1/exports?dataset=orders');
    const deleted = await client.request(`/v1/exports/${job.id}`, { method: 'DELETE' });
    const after = await client.request<{ code: string }>(`/v1/exports/${job.id}/file`);

    expect(items.map(({ id }) => id)).toContain(job.id);
    expect(job.counts.written).toBe(5);
    expect(deleted.status).toBe(204);
    expect(after.body.code).toBe('EXPORT_NOT_FOUND');
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
});

interface RawReply {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** As the bytes come: `fetch` unpacks them, and asks for gzip by itself. */
async function rawGet(
  client: KeyportClient,
  path: string,
  headers: Record<string, string>,
  method = 'GET',
): Promise<RawReply> {
  const sent = httpRequest(new URL(path, client.url), {
    method,
    headers: { authorization: `Bearer ${client.token}`, ...headers },
  });
  const { promise, resolve, reject } = Promise.withResolvers<RawReply>();
  sent.on('error', reject).on('response', (response) => {
    buffer(response).then((body) => resolve({ status: response.statusCode, headers: response.headers, body }), reject);
  });
  sent.end();
  return promise;
}
