import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { oneOfThree, residentBytes, TestStack, until, type KeyportClient } from '@keyport/testing';

describe('A running gateway', () => {
  let stack: TestStack;
  let client: KeyportClient;
  let anonymous: KeyportClient;

  beforeAll(async () => {
    stack = await TestStack.start();
    client = stack.client;
    anonymous = client.with(undefined);
  });

  afterAll(() => stack?.stop());

  it('says that it lives and is ready', async () => {
    expect((await anonymous.request('/health/live')).status).toBe(200);
    expect((await anonymous.request('/health/ready')).status).toBe(200);
  });

  it('publishes its key set, its API description and a page to read it on', async () => {
    const jwks = await anonymous.ok<{ keys: { kid: string; d?: string }[] }>('/.well-known/jwks.json');
    const openapi = await anonymous.ok<{ paths: Record<string, unknown> }>('/openapi.json');

    expect(jwks.keys[0]?.kid).toMatch(/^keyport-/);
    expect(jwks.keys[0]).not.toHaveProperty('d');
    expect(Object.keys(openapi.paths)).toEqual(
      expect.arrayContaining(['/v1/datasets/{name}/imports', '/v1/exports/{id}/file']),
    );
    expect(await anonymous.text('/docs')).toContain('swagger');
  });

  it.each([
    ['an unknown route', '/v1/nothing', {}, 404, 'ROUTE_NOT_FOUND'],
    ['a wrong method', '/v1/keys', { method: 'PUT' }, 405, 'METHOD_NOT_ALLOWED'],
    [
      'bad JSON',
      '/v1/keys',
      { method: 'POST', body: '{"name":', headers: { 'content-type': 'application/json' } },
      400,
      'MALFORMED_BODY',
    ],
    [
      'a wrong content type',
      '/v1/keys',
      { method: 'POST', body: 'a=b', headers: { 'content-type': 'text/plain' } },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'a body that is too large',
      '/v1/keys',
      { method: 'POST', json: { name: 'x'.repeat(2_000_000) } },
      413,
      'BODY_TOO_LARGE',
    ],
    [
      'values that are not allowed',
      '/v1/keys',
      { method: 'POST', json: { name: '', scopes: ['nonsense'] } },
      422,
      'VALIDATION_FAILED',
    ],
    [
      'a file sent to a route that is none',
      '/v1/datasets/orders/import',
      { method: 'POST', body: 'a,b\n', headers: { 'content-type': 'text/csv' } },
      404,
      'ROUTE_NOT_FOUND',
    ],
    [
      'a file sent to a route for reading',
      '/v1/datasets/orders/records',
      { method: 'POST', body: 'a,b\n', headers: { 'content-type': 'text/csv' } },
      405,
      'METHOD_NOT_ALLOWED',
    ],
    ['a parameter that does not exist', '/v1/datasets/orders/records?filter=x', {}, 422, 'VALIDATION_FAILED'],
    [
      'a body field that does not exist',
      '/v1/datasets/orders',
      { method: 'PUT', json: { keys: ['a'] } },
      422,
      'VALIDATION_FAILED',
    ],
    ['an import that cannot be', '/v1/imports/deadbeef', {}, 404, 'IMPORT_NOT_FOUND'],
    ['an export that cannot be', '/v1/exports/..%2F..', {}, 404, 'EXPORT_NOT_FOUND'],
    ['a URL that cannot be decoded', '/v1/datasets/%E0%A4%A/records', {}, 400, 'URL_NOT_VALID'],
    [
      'a body nested too deeply',
      '/v1/datasets/deep',
      {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: `{"schema":{"x":${'['.repeat(5000)}${']'.repeat(5000)}}}`,
      },
      422,
      'VALIDATION_FAILED',
    ],
    [
      'headers that are too large',
      '/v1/keys',
      { headers: { 'x-large': 'x'.repeat(20_000) } },
      431,
      'HEADERS_TOO_LARGE',
    ],
    ['a dataset name that cannot be', '/v1/datasets/Big%20Name', {}, 422, 'VALIDATION_FAILED'],
  ])('answers %s with a problem', async (_what, path, init, status, code) => {
    const reply = await client.request<Record<string, unknown>>(path, {
      ...init,
      headers: { 'x-request-id': 'e2e-1', ...('headers' in init ? init.headers : {}) },
    });

    expect(reply.status).toBe(status);
    expect(reply.headers.get('content-type')).toContain('application/problem+json');
    const named = status === 431 ? {} : { requestId: 'e2e-1' };
    expect(reply.body).toMatchObject({
      ...named,
      status,
      code,
      type: expect.any(String),
      title: expect.any(String),
      detail: expect.any(String),
    });
    expect(reply.headers.get('x-request-id')).toBe(reply.body.requestId);
  });

  it('holds little memory for a body that comes byte by byte', async () => {
    const [gateway = 0] = (await stack.describe()).processes.gateway;
    const { hostname, port } = new URL(client.url);
    const chunks = Buffer.from('1\r\na\r\n'.repeat(400_000));
    const sockets = Array.from({ length: 3 }, () => connect(Number(port), hostname));
    const before = residentBytes(gateway);

    for (const socket of sockets) {
      socket.on('error', () => undefined);
      socket.write(
        'POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
      );
      await new Promise<void>((resolve) => socket.write(chunks, () => resolve()));
    }
    await until(async () => (await client.request('/health/live')).status === 200, 'the gateway to have read them');

    expect(residentBytes(gateway) - before).toBeLessThan(150 * 1024 * 1024);
    for (const socket of sockets) socket.destroy();
  });

  it('describes a stream to HEAD without reading it', async () => {
    await client.putDataset('described');
    const head = await client.raw('/v1/datasets/described/records', { method: 'HEAD' });
    const missing = await client.raw('/v1/datasets/missing/records', { method: 'HEAD' });

    expect([head.status, head.headers.get('content-type')]).toEqual([200, 'application/x-ndjson; charset=utf-8']);
    expect(missing.status).toBe(404);
  });

  it('answers 503 while a service is away and works again by itself', async () => {
    const ask = () => client.request<{ code: string }>('/v1/datasets/nothing');
    const whileAway = async () => {
      const { processes } = await stack.describe();
      for (const pid of processes.records) process.kill(pid, 'SIGSTOP');
      const away = ask();
      for (const pid of processes.records) process.kill(pid, 'SIGKILL');
      const answer = await away;
      await until(async () => (await ask()).body.code === 'DATASET_NOT_FOUND', 'the service to answer again');
      return answer;
    };

    // It may be back before the request is looked at.
    const { status, body } = await oneOfThree(whileAway, (answer) => answer.status >= 500);

    expect([503, 504]).toContain(status);
    expect(body.code).toMatch(/^SERVICE_/);
  });
});
