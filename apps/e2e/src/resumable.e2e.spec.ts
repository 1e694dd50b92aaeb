import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Import } from '@keyport/contracts';
import { eventually, TestStack, until, type KeyportClient } from '@keyport/testing';
import { Upload, type UploadOptions } from 'tus-js-client';

const ndjson = 'application/x-ndjson';
const tusVersion = { 'tus-resumable': '1.0.0' };
const bytesType = { ...tusVersion, 'content-type': 'application/offset+octet-stream' };
const base64 = (text: string) => Buffer.from(text).toString('base64');
const rows = (count: number, text = 'x'.repeat(200)) =>
  Buffer.from(Array.from({ length: count }, (_, n) => `${JSON.stringify({ n, text })}\n`).join(''));

let stack: TestStack;
let client: KeyportClient;
let folder: string;
let serial = 0;

beforeAll(async () => {
  stack = await TestStack.start();
  client = stack.client;
  folder = await mkdtemp(join(tmpdir(), 'keyport-resumable-'));
});

afterAll(async () => {
  await stack?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function newDataset(): Promise<string> {
  serial += 1;
  await client.putDataset(`resumable-${serial}`);
  return `resumable-${serial}`;
}

const idOf = (location: string | null | undefined) => location?.split('/').at(-1) ?? '';

/** All rows of the file, each once. */
async function expectWhole(id: string, count: number): Promise<void> {
  const ended = await client.importEnd(id);
  expect(ended).toMatchObject({ state: 'completed', counts: { read: count, inserted: count } });
  const { items } = await client.ok<{ items: Import[] }>(`/v1/imports?dataset=${ended.dataset}`);
  expect(items.map((one) => one.id)).toEqual([id]);
}

describe('tus-js-client', () => {
  const optionsFor = (dataset: string, more: UploadOptions): UploadOptions => ({
    endpoint: new URL('/v1/uploads', stack.gatewayUrl).href,
    headers: { authorization: `Bearer ${client.token}` },
    metadata: { dataset, filetype: ndjson, filename: 'rows.ndjson' },
    retryDelays: [200, 500, 1000, 2000, 4000, 8000, 16_000, 32_000],
    ...more,
  });

  /** Uploads until the end, or until `until` breaks it off; resolves to where it can go on. */
  const upload = (file: Buffer, options: UploadOptions, onProgress?: (sent: number, one: Upload) => void) =>
    new Promise<string>((resolve, reject) => {
      const one: Upload = new Upload(file, {
        ...options,
        onError: reject,
        onSuccess: () => resolve(one.url ?? ''),
        onProgress: (sent) => onProgress?.(sent, one),
      });
      one.start();
    });

  const brokenOff = (file: Buffer, options: UploadOptions, after: number, terminate = false) =>
    new Promise<string>((resolve, reject) => {
      upload(file, options, (sent, one) => {
        if (sent >= after && one.url) one.abort(terminate).then(() => resolve(one.url ?? ''), reject);
      }).catch(reject);
    });

  it('uploads in parts smaller than a row, and goes on after it was broken off', async () => {
    const dataset = await newDataset();
    const file = rows(30);
    const options = optionsFor(dataset, { chunkSize: 97 });

    const uploadUrl = await brokenOff(file, options, file.length / 2);
    const url = await upload(file, { ...options, uploadUrl });

    expect(url).toBe(uploadUrl);
    await expectWhole(idOf(url), 30);
  });

  it('goes on after its connection broke and the gateway was killed in the middle of a request', async () => {
    const dataset = await newDataset();
    const file = rows(80_000);
    const options = optionsFor(dataset, { chunkSize: 4 * 1024 * 1024 });
    let killed: Promise<void> | undefined;

    const uploadUrl = await brokenOff(file, options, 3 * 1024 * 1024);
    const url = await upload(file, { ...options, uploadUrl }, (sent) => {
      if (sent > file.length / 2) killed ??= stack.kill('gateway');
    });
    await killed;

    expect(killed).toBeDefined();
    await expectWhole(idOf(url), 80_000);
  });

  it('tells the length at the end, with the file as it comes', async () => {
    const dataset = await newDataset();
    const file = rows(50);

    const url = await upload(file, optionsFor(dataset, { chunkSize: 1000, uploadLengthDeferred: true }));

    await expectWhole(idOf(url), 50);
  });

  it('terminates an upload, which is gone then, and its import cancelled', async () => {
    const dataset = await newDataset();
    const url = await brokenOff(rows(100), optionsFor(dataset, { chunkSize: 500 }), 2000, true);

    const { state } = await client.importEnd(idOf(url));
    const head = await client.request(new URL(url).pathname, { method: 'HEAD', headers: tusVersion });

    expect([state, head.status]).toEqual(['cancelled', 410]);
  });
});

describe('A resumable upload', () => {
  const begin = (dataset: string, length: number, more: Record<string, string> = {}, body?: Buffer) =>
    client.request('/v1/uploads', {
      method: 'POST',
      headers: {
        ...tusVersion,
        'upload-length': String(length),
        'upload-metadata': `dataset ${base64(dataset)},format ${base64('ndjson')},mode ${base64('insert')}`,
        ...more,
      },
      ...(body && { body }),
    });
  const patch = (location: string, offset: number, body: Buffer, more: Record<string, string> = {}) =>
    client.request<{ code?: string }>(location, {
      method: 'PATCH',
      headers: { ...bytesType, 'upload-offset': String(offset), ...more },
      body,
    });

  it('says what of tus is spoken, and asks for its version', async () => {
    const options = await client.with(undefined).request('/v1/uploads', { method: 'OPTIONS' });
    const unversioned = await client.request('/v1/uploads', { method: 'POST', headers: { 'tus-resumable': '0.2.2' } });

    expect(options.status).toBe(200);
    expect(Object.fromEntries(options.headers)).toMatchObject({
      'tus-version': '1.0.0',
      'tus-extension': 'creation,creation-with-upload,creation-defer-length,checksum,expiration,termination',
      'tus-max-size': '999999999999999',
      'tus-checksum-algorithm': 'sha1,sha256',
    });
    expect([unversioned.status, unversioned.headers.get('tus-version')]).toEqual([412, '1.0.0']);
  });

  it('takes nothing from another offset, of another type, with a wrong checksum or beyond its length', async () => {
    const dataset = await newDataset();
    const file = rows(20);
    const part = file.subarray(0, 1000);
    const location = (await begin(dataset, file.length, bytesType, part)).headers.get('location') ?? '';
    const rest = file.subarray(1000);
    const sum = (name: string, bytes: Buffer) => `${name} ${createHash(name).update(bytes).digest('base64')}`;

    const refused = [
      await patch(location, 999, rest),
      await patch(location, 1000, rest, { 'content-type': ndjson }),
      await patch(location, 1000, rest, { 'upload-checksum': sum('sha1', part) }),
      await patch(location, 1000, rest, { 'upload-checksum': sum('md5', rest) }),
      await patch(location, 1000, Buffer.concat([rest, part])),
      await patch(location, 1000, Buffer.alloc(0), { 'upload-length': '5' }),
    ];
    const head = await client.request(location, { method: 'HEAD', headers: tusVersion });
    const checked = await patch(location, 1000, rest.subarray(0, 1500), {
      'upload-checksum': sum('sha1', rest.subarray(0, 1500)),
    });
    const overridden = await client.request(location, {
      method: 'POST',
      headers: {
        ...bytesType,
        'x-http-method-override': 'PATCH',
        'upload-offset': '2500',
        'upload-checksum': sum('sha256', file.subarray(2500)),
      },
      body: file.subarray(2500),
    });

    expect(refused.map(({ status, body: { code } }) => [status, code])).toEqual([
      [409, 'UPLOAD_OFFSET'],
      [415, 'UNSUPPORTED_MEDIA_TYPE'],
      [460, 'UPLOAD_CHECKSUM'],
      [422, 'VALIDATION_FAILED'],
      [413, 'UPLOAD_TOO_LARGE'],
      [413, 'UPLOAD_TOO_LARGE'],
    ]);
    expect(head.headers.get('upload-offset')).toBe('1000');
    expect(Date.parse(head.headers.get('upload-expires') ?? '')).toBeGreaterThan(Date.now());
    expect([checked.status, checked.headers.get('upload-offset')]).toEqual([204, '2500']);
    expect([overridden.status, overridden.headers.get('upload-offset')]).toEqual([204, String(file.length)]);
    await expectWhole(idOf(location), 20);
  });
});

describe('A file sent again with its Idempotency-Key', () => {
  /** `curl -T`, slowed down where it is to be broken off. */
  async function curl(dataset: string, path: string, key: string, breakOff?: () => Promise<unknown>) {
    const child = spawn('curl', [
      ...['-sS', '-T', path, '-H', `Authorization: Bearer ${client.token}`, '-H', `Content-Type: ${ndjson}`],
      ...['-H', `Idempotency-Key: ${key}`, ...(breakOff ? ['--limit-rate', '2M'] : [])],
      new URL(`/v1/datasets/${dataset}/imports`, stack.gatewayUrl).href,
    ]);
    let answer = '';
    child.stdout.on('data', (data: Buffer) => (answer += data.toString()));
    const ended = once(child, 'close');
    await breakOff?.();
    if (breakOff) child.kill('SIGKILL');
    await ended;
    return (answer === '' ? {} : JSON.parse(answer)) as Partial<Import> & { code?: string };
  }

  it('goes on where curl -T broke off, returns the import once it is whole, and refuses another file', async () => {
    const dataset = await newDataset();
    const path = join(folder, 'again.ndjson');
    const other = join(folder, 'other.ndjson');
    await writeFile(path, rows(60_000));
    await writeFile(other, rows(60_000, 'y'.repeat(200)));
    const someRows = () =>
      until(async () => {
        const { items } = await client.ok<{ items: Import[] }>(`/v1/imports?dataset=${dataset}`);
        return (items[0]?.counts.inserted ?? 0) > 0;
      }, 'the first rows to be stored');

    await curl(dataset, path, 'file-1', someRows);
    const differs = await curl(dataset, other, 'file-1');
    await stack.kill('gateway');
    await until(
      async () => (await client.request('/health/ready').catch(() => undefined))?.status === 200,
      'the gateway to be ready again',
    );
    const continued = await curl(dataset, path, 'file-1');
    expect(continued.code).toBeUndefined();
    await expectWhole(continued.id ?? '', 60_000);
    const again = await curl(dataset, path, 'file-1');
    const another = await curl(dataset, other, 'file-1');

    expect(again).toMatchObject({ id: continued.id, state: 'completed' });
    expect([differs.code, another.code]).toEqual(['IDEMPOTENCY_FILE_DIFFERS', 'IDEMPOTENCY_FILE_DIFFERS']);
  });
});

describe('A body that is not what its headers say', () => {
  it('is not imported where Content-Digest names another one', async () => {
    const dataset = await newDataset();
    const file = rows(100);
    const digest = (bytes: Buffer) => ({
      'content-digest': `sha-512=:${createHash('sha512').update(bytes).digest('base64')}:`,
    });

    const refused = await client.request<{ code: string }>(`/v1/datasets/${dataset}/imports`, {
      method: 'POST',
      headers: { 'content-type': ndjson, ...digest(rows(99)) },
      body: file,
    });
    const stored = await client.records(dataset);
    const taken = await client.imported(dataset, ndjson, file, '', digest(file));

    expect([refused.status, refused.body.code, stored.length]).toEqual([422, 'CONTENT_DIGEST_MISMATCH', 0]);
    expect(taken).toMatchObject({ state: 'completed', counts: { inserted: 100 } });
  });

  it('that ends before its Content-Length leaves the import receiving, with the rows that came', async () => {
    const dataset = await newDataset();
    const file = rows(6000);
    const { hostname, port } = new URL(stack.gatewayUrl);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    const head = [
      ...[`POST /v1/datasets/${dataset}/imports HTTP/1.1`, 'Host: keyport', `Authorization: Bearer ${client.token}`],
      ...[`Content-Type: ${ndjson}`, `Content-Length: ${file.length + 1000}`, '', ''],
    ];
    socket.write(head.join('\r\n'));
    socket.end(file);

    await until(async () => (await client.records(dataset, '?fields=n')).length > 1000, 'rows that came to be stored');
    const { items } = await eventually(
      () => client.ok<{ items: Import[] }>(`/v1/imports?dataset=${dataset}`),
      (found) => found.items[0]?.bytes.received === file.length,
    );
    socket.destroy();

    expect(items).toMatchObject([{ state: 'receiving', bytes: { received: file.length } }]);
  });
});
