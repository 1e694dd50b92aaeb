import { request as httpRequest } from 'node:http';
import { createGzip, gzipSync } from 'node:zlib';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { residentBytes, TestStack, until, type KeyportClient } from '@keyport/testing';

const ndjson = 'application/x-ndjson';
const mebibyte = 1024 * 1024;

describe('Bad input', () => {
  let stack: TestStack;
  let client: KeyportClient;
  let dataset: string;
  let serial = 0;

  beforeAll(async () => {
    stack = await TestStack.start();
    client = stack.client;
  });

  beforeEach(async () => {
    serial += 1;
    dataset = `bad-${serial}`;
    await client.putDataset(dataset);
  });

  afterAll(() => stack?.stop());

  const storedRows = async () => (await client.records(dataset, '?fields=a')).length;

  it('a malformed line is rejected with its place, and the rows around it are kept', async () => {
    const ended = await client.imported(dataset, ndjson, '{"a":1}\n{"a":}\n{"a":3}\n');

    expect(ended).toMatchObject({ state: 'completed', counts: { read: 3, inserted: 2, rejected: 1 } });
    expect(await client.rejects(ended.id)).toMatchObject([{ row: 2, line: 2, byteOffset: 8, code: 'MALFORMED_JSON' }]);
  });

  it('a truncated array fails, and the rows before its end are kept and counted', async () => {
    const ended = await client.imported(dataset, 'application/json', '[{"a":1},{"a":2},{"a":');

    expect(ended).toMatchObject({ state: 'failed', counts: { inserted: 2 }, error: { code: 'TRUNCATED_ARRAY' } });
    expect(await storedRows()).toBe(2);
  });

  it('a ragged CSV row is rejected', async () => {
    const ended = await client.imported(dataset, 'text/csv', 'a,b\n1,2\n3\n4,5,6\n7,8\n');

    expect(ended.counts).toMatchObject({ read: 4, inserted: 2, rejected: 2 });
    expect((await client.rejects(ended.id)).map(({ line, code }) => [line, code])).toEqual([
      [3, 'RAGGED_ROW'],
      [4, 'RAGGED_ROW'],
    ]);
  });

  it('invalid UTF-8 is rejected with its offset', async () => {
    const body = Buffer.concat([
      Buffer.from('{"a":1}\n{"a":"'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}\n{"a":3}\n'),
    ]);

    const ended = await client.imported(dataset, ndjson, body);

    expect(ended.counts).toMatchObject({ read: 3, inserted: 2, rejected: 1 });
    expect(await client.rejects(ended.id)).toMatchObject([{ row: 2, code: 'INVALID_UTF8', byteOffset: 8 }]);
  });

  it.each([
    ['no bytes', ndjson, ''],
    ['a header alone', 'text/csv', 'a,b\n'],
    ['blank lines', ndjson, '\n\n'],
    ['an empty array', 'application/json', '[]'],
  ])('an empty file (%s) is told so', async (_what, contentType, body) => {
    const { status, body: reply } = await client.import(dataset, contentType, body, '', { prefer: 'wait=30' });

    if (body === '') expect([status, reply]).toMatchObject([422, { code: 'EMPTY_FILE' }]);
    else expect(reply).toMatchObject({ state: 'failed', error: { code: 'EMPTY_FILE' } });
  });

  it('a single line of 400 MB is rejected in the memory that a short one takes', async () => {
    // Growth that follows the line would be 400 MB; what garbage collection leaves for later stays under half of that.
    const allowedGrowth = 200 * mebibyte;
    function* hugeLine() {
      yield '{"a":1}\n{"a":"';
      for (let part = 0; part < 400; part += 1) yield 'x'.repeat(mebibyte);
      yield '"}\n{"a":3}\n';
    }
    const { processes } = await stack.describe();
    const importer = processes.import[0] ?? 0;
    const gateway = processes.gateway[0] ?? 0;
    const before = { importer: residentBytes(importer), gateway: residentBytes(gateway) };

    const ended = await client.imported(dataset, ndjson, Readable.toWeb(Readable.from(hugeLine())) as never);

    expect(ended).toMatchObject({ state: 'completed', counts: { read: 3, inserted: 2, rejected: 1 } });
    expect(await client.rejects(ended.id)).toMatchObject([{ row: 2, line: 2, code: 'ROW_TOO_LARGE' }]);
    expect(residentBytes(importer) - before.importer).toBeLessThan(allowedGrowth);
    expect(residentBytes(gateway) - before.gateway).toBeLessThan(allowedGrowth);
  });

  it('a gzip bomb is refused early', async () => {
    function* zeros() {
      for (let part = 0; part < 2_000; part += 1) yield Buffer.alloc(mebibyte, 0x20);
    }
    const bomb = Readable.from(zeros()).pipe(createGzip({ level: 9 }));
    const { processes } = await stack.describe();
    const importer = processes.import[0] ?? 0;
    const before = residentBytes(importer);

    const ended = await client.imported(dataset, ndjson, Readable.toWeb(bomb) as never, '', {
      'content-encoding': 'gzip',
    });

    expect(ended).toMatchObject({ state: 'failed', error: { code: 'DECOMPRESSION_RATIO' } });
    // The bomb unpacks to 2 GB.
    expect(residentBytes(importer) - before).toBeLessThan(200 * mebibyte);
    expect((await stack.describe()).processes.import).toEqual(processes.import);
  });

  it('a compressed body that ends early fails, and the rows before are kept', async () => {
    const rows = Array.from({ length: 50_000 }, (_, a) => `{"a":${a},"text":"${Math.sin(a)}"}\n`).join('');
    const whole = gzipSync(rows);

    const ended = await client.imported(dataset, ndjson, whole.subarray(0, whole.length - 1000), '', {
      'content-encoding': 'gzip',
    });

    expect(ended).toMatchObject({ state: 'failed', error: { code: 'DECOMPRESSION_FAILED' } });
    expect(ended.counts.inserted).toBeGreaterThan(0);
    expect(await storedRows()).toBe(ended.counts.inserted);
  });

  it('a body that is not gzip although it says so fails by name', async () => {
    const ended = await client.imported(dataset, ndjson, '{"a":1}\n', '', { 'content-encoding': 'gzip' });

    expect(ended).toMatchObject({ state: 'failed', error: { code: 'DECOMPRESSION_FAILED' } });
  });

  it.each([
    ['content type', { 'content-type': 'application/xml' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [
      'content encoding',
      { 'content-type': ndjson, 'content-encoding': 'compress' },
      415,
      'UNSUPPORTED_CONTENT_ENCODING',
    ],
  ])('a wrong %s is refused before anything is stored', async (_what, headers, status, code) => {
    const reply = await client.request(`/v1/datasets/${dataset}/imports`, {
      method: 'POST',
      body: '{"a":1}\n',
      headers,
    });

    expect([reply.status, reply.body]).toMatchObject([status, { code }]);
  });

  it('an unknown dataset is a 404 for import, export, stream and record', async () => {
    const replies = await Promise.all([
      client.import('nowhere', ndjson, '{"a":1}\n'),
      client.request('/v1/datasets/nowhere/exports', { method: 'POST', json: {} }),
      client.request('/v1/datasets/nowhere/records'),
      client.request('/v1/datasets/nowhere/records/1'),
    ]);

    expect(replies.map(({ status, body }) => [status, (body as { code: string }).code])).toEqual(
      Array.from({ length: 4 }, () => [404, 'DATASET_NOT_FOUND']),
    );
  });

  it('an option that does not exist is refused by name', async () => {
    const { status, body } = await client.import(dataset, ndjson, '{"a":1}\n', '?mode=drop');

    expect([status, body]).toMatchObject([422, { code: 'VALIDATION_FAILED', errors: [{ path: 'mode' }] }]);
  });

  it('a client that breaks off leaves an import that is receiving, with its whole rows kept', async () => {
    const url = new URL(`/v1/datasets/${dataset}/imports`, client.url);
    const upload = httpRequest(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${client.token}`, 'content-type': ndjson },
    });
    upload.on('error', () => undefined);
    const rows = Array.from({ length: 60_000 }, (_, a) => `{"a":${a},"text":"some text to make it longer"}\n`).join('');
    await new Promise<void>((resolve) => upload.write(rows, () => resolve()));
    await until(async () => (await storedRows()) > 0, 'the first rows to arrive');

    upload.destroy();
    const { items } = await client.ok<{ items: { state: string; counts: { inserted: number } }[] }>(
      `/v1/imports?dataset=${dataset}`,
    );

    expect(items).toMatchObject([{ state: 'receiving' }]);
    expect((await client.request('/health/ready')).status).toBe(200);
  });
});
