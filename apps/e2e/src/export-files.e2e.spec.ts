import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, parseNdjson, TestStack, unpackZstd, type KeyportClient } from '@keyport/testing';
import { startWithOrders } from './orders-stack.ts';

const rowCount = 20_000;

describe('A file of an export', () => {
  let stack: TestStack;
  let client: KeyportClient;

  beforeAll(async () => {
    ({ stack, client } = await startWithOrders(rowCount));
  });

  afterAll(() => stack?.stop());

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
    const curl = (...options: string[]) => {
      const args = ['-sS', '-f', '-m', '60', '-H', `Authorization: Bearer ${client.token}`, ...options];
      const process = spawn('curl', [...args, `${client.url}/v1/exports/${id}/file`], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      // Listened to from the start: it may end at any time.
      return { process, ended: once(process, 'exit') as Promise<[code: number | null, signal: string | null]> };
    };
    const first = curl();
    let before = 0;
    // Whoever stops reading holds curl up: it cannot have come to the end.
    for await (const piece of first.process.stdout as AsyncIterable<Buffer>) {
      await appendFile(file, piece);
      before += piece.length;
      if (before <= 1024 * 1024) continue;
      first.process.kill('SIGKILL');
      expect(await first.ended).toEqual([null, 'SIGKILL']);
      break;
    }
    const [code] = await curl('-C', '-', '-o', file).ended;

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

  it('has what changed since an earlier file, and names where the next one goes on', async () => {
    const copy = new Map<number, unknown>();
    const apply = async ({ id }: { readonly id: string }) => {
      for (const row of parseNdjson<{ _id: number; $deleted?: true }>(await client.text(`/v1/exports/${id}/file`))) {
        if (row.$deleted) copy.delete(row._id);
        else copy.set(row._id, row);
      }
    };
    const upsert = (text: string) => client.imported('followed', 'application/x-ndjson', text, '?mode=upsert');
    await client.ok('/v1/datasets/followed', { method: 'PUT', json: { trackChanges: true } });
    await upsert('{"_id":1,"a":1}\n{"_id":2,"b":{"c":2}}\n{"_id":4}\n');

    // Right after tracking began there may be no cursor yet.
    const whole = await eventually(
      () => client.exported('followed'),
      ({ since }) => since !== null,
    );
    await apply(whole);
    await upsert('{"_id":1,"a":9}\n{"_id":3,"b":{"c":3}}\n');
    await client.ok(`/v1/datasets/followed/records/${encodeURIComponent('{"$numberInt":"2"}')}`, { method: 'DELETE' });
    const changed = await client.exported('followed', { since: whole.since, compression: 'none' });
    await apply(changed);
    const table = await client.exported('followed', { since: whole.since, format: 'csv' });
    const nothing = await client.exported('followed', { since: changed.since });

    expect(copy).toEqual(new Map((await client.records<{ _id: number }>('followed')).map((row) => [row._id, row])));
    expect([whole, changed, nothing].map(({ counts }) => counts.written)).toEqual([3, 3, 0]);
    const csv = (await client.text(`/v1/exports/${table.id}/file`)).trimEnd().split('\n');
    expect([csv[0], ...csv.slice(1).toSorted()]).toEqual(['$deleted,_id,a,b.c', ',1,9,', ',3,,3', 'true,2,,']);
    const refusal = async (json: object, dataset = 'followed') =>
      (await client.request<{ code: string }>(`/v1/datasets/${dataset}/exports`, { method: 'POST', json })).body.code;
    expect(await refusal({ since: whole.since, limit: 1 })).toBe('VALIDATION_FAILED');
    expect(await refusal({ since: 'nonsense' })).toBe('CURSOR_INVALID');
    expect(await refusal({ since: whole.since }, 'orders')).toBe('CHANGES_NOT_TRACKED');
    await client.ok('/v1/datasets/followed', { method: 'PUT', json: { trackChanges: false } });
    await client.ok('/v1/datasets/followed', { method: 'PUT', json: { trackChanges: true } });
    expect(await refusal({ since: whole.since })).toBe('CURSOR_EXPIRED');
    expect(await client.exported('orders', { limit: 1 })).toMatchObject({ since: null });
  });
});
