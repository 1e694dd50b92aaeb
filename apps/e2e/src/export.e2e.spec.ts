import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Export, ExportLink, ExportProgress } from '@keyport/contracts';
import {
  eventually,
  orderNdjson,
  parseNdjson,
  TestStack,
  unpackZstd,
  until,
  type KeyportClient,
} from '@keyport/testing';

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
    ['zstd', 'zst', 'application/zstd', unpackZstd],
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

  it('says the same of a file to HEAD as to GET, and sends it whole where a range is not for it', async () => {
    const { id, finishedAt } = await client.exported('orders', { fields: ['orderId'], limit: 100 });
    const path = `/v1/exports/${id}/file`;
    const get = (headers: Record<string, string>, method = 'GET') => client.raw(path, { method, headers });
    const whole = await get({});
    const head = await get({ range: 'bytes=0-9' }, 'HEAD');
    const etag = whole.headers.get('etag') ?? '';
    const modified = whole.headers.get('last-modified') ?? '';
    const described = (response: Response) =>
      Object.fromEntries(
        [...response.headers].filter(
          ([name]) => !/^(?:date|x-request-id|ratelimit-.*|keep-alive|connection)$/.test(name),
        ),
      );
    const statusOf = async (headers: Record<string, string>) => (await get(headers)).status;

    expect(described(head)).toEqual(described(whole));
    expect(described(whole)).toMatchObject({
      ...{ 'accept-ranges': 'bytes', 'cache-control': 'private, no-store', 'x-content-type-options': 'nosniff' },
      'content-disposition': `attachment; filename="orders-${id}.ndjson"`,
    });
    expect(Date.parse(modified)).toBe(Math.floor(Date.parse(finishedAt ?? '') / 1000) * 1000);
    const range = 'bytes=0-9';
    expect(await statusOf({ range, 'if-range': etag })).toBe(206);
    expect(await statusOf({ range, 'if-range': modified })).toBe(200);
    expect(await statusOf({ range: 'bytes=0-1,5-9' })).toBe(200);
    expect(await statusOf({ range: 'bytes=9-0' })).toBe(200);
    expect(await statusOf({ range, 'if-match': '"other"' })).toBe(412);
    expect(await statusOf({ range, 'if-match': etag })).toBe(206);
    expect(await statusOf({ range, 'if-modified-since': modified })).toBe(304);
    const known = await get({ range, 'if-none-match': etag });
    expect([known.status, known.headers.get('etag'), known.headers.get('content-disposition')]).toEqual([
      304,
      etag,
      null,
    ]);
  });

  it('goes on with `curl -C -` where curl was killed in the middle of a download', async () => {
    const { id, bytes, digest } = await client.exported('orders', { ejson: 'canonical' });
    const file = join(stack.home, 'resumed.ndjson');
    const curl = (...options: string[]) =>
      spawn('curl', [
        ...['-sS', '-f', '-o', file, '-H', `Authorization: Bearer ${client.token}`, ...options],
        `${client.url}/v1/exports/${id}/file`,
      ]);
    const killed = curl('--limit-rate', '3M');
    const written = async () => (await stat(file).catch(() => ({ size: 0 }))).size;
    await until(async () => (await written()) > 1024 * 1024, 'a part of the file');

    killed.kill('SIGKILL');
    await once(killed, 'exit');
    const before = await written();
    const [code] = (await once(curl('-C', '-'), 'exit')) as [number | null];

    expect(before).toBeLessThan(bytes);
    expect(code).toBe(0);
    expect(
      `sha-256=:${createHash('sha256')
        .update(await readFile(file))
        .digest('base64')}:`,
    ).toBe(digest);
  });

  it('breaks a download off whose file is deleted on its way', async () => {
    const { id, bytes } = await client.exported('orders', { ejson: 'canonical', format: 'json' });
    const response = await client.raw(`/v1/exports/${id}/file`);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let read = (await reader.read()).value?.length ?? 0;

    await client.request(`/v1/exports/${id}`, { method: 'DELETE' });
    const rest = (async () => {
      for (let next = await reader.read(); !next.done; next = await reader.read()) read += next.value.length;
    })();

    await expect(rest).rejects.toThrow();
    expect(read).toBeLessThan(bytes);
  });

  it('gives a link that works without a token, for that file alone, and reaches neither log nor audit', async () => {
    const key = await client.minted('exports:create:orders');
    const { id, bytes, digest } = await key.exported('orders', { format: 'csv', fields: ['orderId'] });
    const asked = Date.now();
    const { url, expiresAt } = await key.ok<ExportLink>(`/v1/exports/${id}/link`, {
      method: 'POST',
      json: { expiresInSeconds: 60 },
    });

    const whole = await fetch(url);
    const file = Buffer.from(await whole.arrayBuffer());
    const part = await fetch(url, { headers: { range: 'bytes=-10' } });
    const head = await fetch(url, { method: 'HEAD' });
    const altered = await fetch(`${url}x`);

    expect(url.startsWith(`${client.url}/v1/exports/${id}/download?token=`)).toBe(true);
    expect(Math.abs(Date.parse(expiresAt) - asked - 60_000)).toBeLessThan(5_000);
    expect([whole.status, file.length, whole.headers.get('repr-digest')]).toEqual([200, bytes, digest]);
    expect([part.status, await part.text()]).toEqual([206, file.subarray(-10).toString()]);
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(bytes)]);
    for (const { headers } of [whole, altered]) {
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('cache-control')).toBe('private, no-store');
    }
    expect(altered.status).toBe(401);

    // Who made the link, or nobody where it was not one.
    const { items } = await eventually(
      () => client.ok<{ items: { path: string; key: string | null }[] }>('/v1/audit?action=exportlinks.download'),
      (audit) => audit.items.length >= 3,
    );
    expect(new Set(items.map((entry) => entry.key))).toEqual(new Set([key.keyId, null]));
    expect(items.every(({ path }) => path === `/v1/exports/${id}/download`)).toBe(true);
    const token = new URL(url).searchParams.get('token') ?? '';
    const secrets = [token, token.split('.')[2] ?? ''];
    const logs = await Promise.all(
      (await readdir(join(stack.home, 'logs'))).map((name) => readFile(join(stack.home, 'logs', name), 'utf8')),
    );
    const said = JSON.stringify(items) + logs.join('');
    expect(secrets.filter((secret) => secret === '' || said.includes(secret))).toEqual([]);
  });

  it('breaks a download by a link off within a second when its key is revoked', async () => {
    const key = await client.minted('exports:read:orders');
    const { id, bytes } = await client.exported('orders', { ejson: 'canonical', format: 'json' });
    const { url } = await key.ok<ExportLink>(`/v1/exports/${id}/link`, { method: 'POST' });
    const reader = ((await fetch(url)).body as ReadableStream<Uint8Array>).getReader();
    let read = (await reader.read()).value?.length ?? 0;

    await client.request(`/v1/keys/${key.keyId}`, { method: 'DELETE' });
    await eventually(
      async () => (await fetch(url, { method: 'HEAD' })).status,
      (status) => status === 401,
      1_000,
    );
    const rest = (async () => {
      for (let next = await reader.read(); !next.done; next = await reader.read()) read += next.value.length;
    })();

    await expect(rest).rejects.toThrow();
    expect(read).toBeLessThan(bytes);
  });

  it('of a token that sees some rows gives a link to what it may see', async () => {
    const { token } = await client.ok<{ token: string }>('/v1/keys', {
      method: 'POST',
      json: {
        ...{ name: 'paid', scopes: ['exports:create:orders'] },
        authorizationDetails: [
          {
            ...{ type: 'keyport_dataset', datasets: ['orders'], actions: ['exports:create'] },
            ...{ filter: { paid: true }, fields: ['orderId'] },
          },
        ],
      },
    });
    const narrowed = client.with(token);
    const { id, counts } = await narrowed.exported('orders');

    const { url } = await narrowed.ok<ExportLink>(`/v1/exports/${id}/link`, { method: 'POST', json: {} });
    const rows = parseNdjson<object>(await (await fetch(url)).text());

    const paid = source.split('\n').filter((line) => line.includes('"paid":true')).length;
    expect([counts.written, rows.length]).toEqual([paid, paid]);
    expect(Object.keys(rows[0] ?? {})).toEqual(['orderId']);
  });

  it('is followed as Server-Sent Events to its end', async () => {
    const { id } = await client.ok<Export>('/v1/datasets/orders/exports', { method: 'POST', json: { format: 'csv' } });

    const text = await client.text(`/v1/exports/${id}/events`, 'text/event-stream');
    const ids = [...text.matchAll(/^id: (\d+)$/gm)].map(([, sequence]) => Number(sequence));
    const last = JSON.parse(text.slice(text.lastIndexOf('data: ') + 6)) as ExportProgress;
    const again = await client.raw(`/v1/exports/${id}/events`, {
      headers: { accept: 'text/event-stream', 'last-event-id': String(ids.at(-1)) },
    });

    expect(text.startsWith('retry: 1000\n\nid: ')).toBe(true);
    expect(ids).toEqual(ids.toSorted((one, other) => one - other));
    expect(last.export).toMatchObject({ id, state: 'completed', counts: { written: rowCount } });
    expect(last.rate?.rowsPerSecond).toBeGreaterThan(0);
    expect(again.status).toBe(204);
  });

  it('can be cancelled, is then in the list as such, and cannot be once it is completed', async () => {
    const { id: completed } = await client.exported('orders', { limit: 1 });
    // Whichever is quicker, the file or the request to end it: one of them was not.
    const { body: cancelled } = await eventually(
      async () => {
        const { id } = await client.ok<Export>('/v1/datasets/orders/exports', {
          method: 'POST',
          json: { format: 'csv' },
        });
        return client.request<Export>(`/v1/exports/${id}/cancel`, { method: 'POST' });
      },
      ({ status }) => status === 200,
    );

    const late = await client.request(`/v1/exports/${completed}/cancel`, { method: 'POST' });
    const file = await client.request(`/v1/exports/${cancelled.id}/file`);
    const listed = (query: string) => client.ok<{ items: Export[] }>(`/v1/exports?${query}`);
    const { items } = await listed('state=cancelled,failed&dataset=orders');
    const { items: later } = await listed(`createdAfter=${cancelled.createdAt}`);

    expect(cancelled).toMatchObject({ state: 'cancelled', digest: null });
    expect([late.status, late.body]).toMatchObject([409, { code: 'EXPORT_STATE' }]);
    expect([file.status, file.body]).toMatchObject([409, { code: 'EXPORT_NOT_READY' }]);
    expect(items.map(({ id }) => id)).toContain(cancelled.id);
    expect(new Set(items.map(({ state }) => state))).toEqual(new Set(['cancelled']));
    expect(later.map(({ id }) => id)).toEqual([cancelled.id]);
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

  it('streams what changed since a whole read, in any format, and no part of that', async () => {
    const put = { method: 'PUT', json: { trackChanges: true } };
    const records = '/v1/datasets/changing/records';
    await client.ok('/v1/datasets/changing', put);
    await client.imported('changing', 'application/x-ndjson', '{"_id":1,"a":1}\n{"_id":2,"b":{"c":2}}\n');
    const whole = await client.raw(records);
    const before = (await whole.text()).trimEnd().split('\n');
    const since = `since=${whole.headers.get('keyport-since') ?? ''}`;

    await client.imported(
      'changing',
      'application/x-ndjson',
      '{"_id":1,"a":9}\n{"_id":3,"b":{"c":3}}\n',
      '?mode=upsert',
    );
    await client.ok(`${records}/${encodeURIComponent('{"$numberInt":"2"}')}`, { method: 'DELETE' });
    const csv = (await client.text(`${records}?${since}`, 'text/csv')).trimEnd().split('\n');
    const json = JSON.parse(await client.text(`${records}?${since}`, 'application/json')) as { _id: number }[];
    const again = await client.raw(`${records}?${since}`);
    await again.text();
    const next = await client.text(`${records}?since=${again.headers.get('keyport-since') ?? ''}`);

    expect(before).toHaveLength(2);
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
