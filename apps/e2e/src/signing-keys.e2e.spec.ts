import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, TestStack, until, withinASecond, type KeyportClient } from '@keyport/testing';

const cacheSeconds = 1;
const rotations = 4;

interface SigningKey {
  readonly kid: string;
  readonly state: string;
}

const kidOf = (token: string) =>
  (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid;

describe('Signing keys under continuous traffic', () => {
  let stack: TestStack;
  let owner: KeyportClient;

  beforeAll(async () => {
    stack = await TestStack.start({
      replicas: 'gateway=2,auth=2',
      env: { KEYPORT_KEY_SET_CACHE_SECONDS: String(cacheSeconds) },
    });
    owner = stack.client;
    await owner.putDataset('orders');
  });

  afterAll(() => stack?.stop());

  const signIn = async () => {
    const { email, password } = stack.owner;
    const json = { email, password };
    const { accessToken } = await owner
      .with(undefined)
      .ok<{ accessToken: string }>('/v1/auth/login', { method: 'POST', json });
    return accessToken;
  };
  const signingKeys = async () => (await owner.ok<{ items: SigningKey[] }>('/v1/signing-keys')).items;

  /** Asks each of the gateways on and on, in several ways, until it is told to end; gives what went wrong. */
  async function trafficUntil(ended: () => boolean, kids: Set<string>): Promise<{ faults: string[]; asked: number }> {
    const { gatewayUrls } = await stack.describe();
    const faults: string[] = [];
    let asked = 0;
    const old = await owner.minted('records:read:orders', 'exports:create:orders');
    const call = async (url: string, path: string, token: string, init: RequestInit = {}) => {
      const response = await fetch(new URL(path, url), {
        ...init,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      });
      asked += 1;
      const text = await response.text();
      if (response.status >= 300) faults.push(`${init.method ?? 'GET'} ${path}: ${response.status} ${text}`);
      return text;
    };
    const again = async (work: () => Promise<unknown>) => {
      while (!ended()) await work();
    };
    const mintAndUse = async (url: string) => {
      const body = JSON.stringify({ name: 'new', scopes: ['records:read:orders'] });
      const { token } = JSON.parse(await call(url, '/v1/keys', owner.token as string, { method: 'POST', body })) as {
        token: string;
      };
      kids.add(kidOf(token));
      for (const other of gatewayUrls) await call(other, '/v1/auth/me', token);
    };
    const signInAndUse = async (url: string) => {
      const { email, password } = stack.owner;
      const response = await fetch(new URL('/v1/auth/login', url), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email, password }),
      });
      asked += 1;
      if (response.status !== 200) return void faults.push(`sign-in: ${response.status} ${await response.text()}`);
      const { accessToken } = (await response.json()) as { accessToken: string };
      kids.add(kidOf(accessToken));
      for (const other of gatewayUrls) await call(other, '/v1/datasets/orders', accessToken);
    };
    const exportAll = (url: string) =>
      call(url, '/v1/datasets/orders/exports', old.token as string, { method: 'POST', body: '{}' });
    await Promise.all(
      gatewayUrls.flatMap((url) => [
        again(() => call(url, '/v1/auth/me', old.token as string)),
        again(() => call(url, '/v1/datasets/orders/records', old.token as string)),
        again(() => mintAndUse(url)),
        again(() => signInAndUse(url)),
        again(() => exportAll(url)),
      ]),
    );
    return { faults, asked };
  }

  it('rotate several times without one failed request', async () => {
    const kids = new Set<string>();
    let isEnded = false;
    const traffic = trafficUntil(() => isEnded, kids);

    for (let rotation = 0; rotation < rotations; rotation += 1) {
      await owner.ok('/v1/signing-keys/rotate', { method: 'POST' });
      const [current] = (await signingKeys()).filter(({ state }) => state === 'current');
      await until(() => kids.has(current?.kid ?? ''), 'new tokens by the new key');
    }
    isEnded = true;

    const { faults, asked } = await traffic;
    expect(faults).toEqual([]);
    expect(asked).toBeGreaterThan(100);
    expect(kids.size).toBeGreaterThanOrEqual(rotations);
    const states = (await signingKeys()).map(({ state }) => state).sort();
    expect(states).toEqual(['current', ...Array.from({ length: rotations }, () => 'previous'), 'standby']);
  });

  it('are shown in the key set, which says for how long it may be kept', async () => {
    const kids = (await signingKeys()).map(({ kid }) => kid).sort();

    // The gateway may not have heard of the newest yet.
    const { headers, body } = await eventually(
      () => owner.with(undefined).request<{ keys: { kid: string; d?: string }[] }>('/.well-known/jwks.json'),
      (reply) => reply.body.keys.length === kids.length,
    );
    const { keys } = body;

    expect(headers.get('cache-control')).toBe(`public, max-age=${cacheSeconds}`);
    expect(keys.map(({ kid }) => kid).sort()).toEqual(kids);
    expect(keys.filter(({ d }) => d !== undefined)).toEqual([]);
  });

  it('once revoked take their tokens with them within a second, also those that gateways had seen before', async () => {
    const { gatewayUrls } = await stack.describe();
    const key = await owner.minted('records:read:orders');
    const kid = kidOf(key.token as string);
    owner = owner.with(await signIn());
    const statuses = () =>
      Promise.all(
        gatewayUrls.map(async (url) => {
          const headers = { authorization: `Bearer ${key.token as string}` };
          return (await fetch(`${url}/v1/auth/me`, { headers })).status;
        }),
      );
    expect(await statuses()).toEqual([200, 200]);

    expect((await owner.raw(`/v1/signing-keys/${kid}`, { method: 'DELETE' })).status).toBe(204);

    await withinASecond(statuses, (each) => each.every((status) => status === 401));
    const session = await signIn();
    expect(kidOf(session)).not.toBe(kid);
    owner = owner.with(session);
    const { items } = await owner.ok<{ items: { id: string; revokedAt: string | null }[] }>('/v1/keys?limit=1000');
    expect(items.find(({ id }) => id === key.keyId)?.revokedAt).not.toBeNull();
    const { keys } = await owner.with(undefined).ok<{ keys: { kid: string }[] }>('/.well-known/jwks.json');
    expect(keys.map((one) => one.kid)).not.toContain(kid);
  });

  it('are in the hands of owners only', async () => {
    const password = 'correct horse battery staple';
    const json = { email: 'admin@e.example', password, role: 'admin' };
    await owner.ok('/v1/users', { method: 'POST', json });
    const { accessToken } = await owner
      .with(undefined)
      .ok<{ accessToken: string }>('/v1/auth/login', { method: 'POST', json: { email: json.email, password } });
    const admin = owner.with(accessToken);
    const [one] = await signingKeys();

    const answers = await Promise.all([
      admin.request('/v1/signing-keys'),
      admin.request('/v1/signing-keys/rotate', { method: 'POST' }),
      admin.request(`/v1/signing-keys/${one?.kid ?? ''}`, { method: 'DELETE' }),
      admin.request('/v1/revocations', { method: 'POST', json: { kid: one?.kid } }),
    ]);

    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
    expect((await owner.request('/v1/signing-keys/keyport-none', { method: 'DELETE' })).status).toBe(404);
  });
});
