import { generateKeyPairSync, sign as signBytes, type KeyObject } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  oneOfThree,
  refusedWithinASecond,
  TestStack,
  until,
  withinASecond,
  type KeyportClient,
} from '@keyport/testing';
import { ownSigningKey } from './own-signing-key.ts';

const encode = (part: unknown) =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');

function signed(header: Record<string, unknown>, claims: Record<string, unknown>, key: KeyObject): string {
  const input = `${encode(header)}.${encode(claims)}`;
  const signature = signBytes('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

describe('Tokens and rights', () => {
  let stack: TestStack;
  let owner: KeyportClient;

  beforeAll(async () => {
    stack = await TestStack.start();
    owner = stack.client;
    await owner.putDataset('orders');
    await owner.putDataset('invoices');
  });

  afterAll(() => stack?.stop());

  const me = (token: string) =>
    owner.with(token).request<{ code?: string; scopes?: string[]; kind?: string }>('/v1/auth/me');
  const partsOf = (token: string) => token.split('.') as [string, string, string];
  const jsonOf = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;

  it('signs the owner in with the password of owner.json', async () => {
    const { email, password } = stack.owner;

    const session = await owner
      .with(undefined)
      .ok<{ accessToken: string; tokenType: string; expiresIn: number }>('/v1/auth/login', {
        method: 'POST',
        json: { email, password },
      });
    const { status, body } = await me(session.accessToken);

    expect(session).toMatchObject({ tokenType: 'Bearer', expiresIn: 600 });
    expect(status).toBe(200);
    expect(body).toMatchObject({ kind: 'session', scopes: ['*'] });
  });

  it('refuses a wrong password and an unknown email alike', async () => {
    const attempt = (json: unknown) =>
      owner.with(undefined).request<{ code: string; detail: string }>('/v1/auth/login', { method: 'POST', json });

    const wrongPassword = await attempt({ email: stack.owner.email, password: 'wrong' });
    const unknownEmail = await attempt({ email: 'nobody@example.com', password: 'wrong' });

    expect(wrongPassword.status).toBe(401);
    expect(unknownEmail.status).toBe(401);
    expect(wrongPassword.body.detail).toBe(unknownEmail.body.detail);
  });

  it('gives a key exactly the rights that it was minted with', async () => {
    const reader = await owner.minted('records:read:orders');

    const read = await reader.request('/v1/datasets/orders/records');
    const other = await reader.request<{ code: string; detail: string }>('/v1/datasets/invoices/records');
    const write = await reader.import('orders', 'application/x-ndjson', '{"a":1}\n');
    const keys = await reader.request('/v1/keys');

    expect([read.status, other.status, write.status, keys.status]).toEqual([200, 403, 403, 403]);
    expect(other.body).toMatchObject({
      code: 'INSUFFICIENT_SCOPE',
      detail: expect.stringContaining('records:read:invoices'),
    });
    expect(other.headers.get('www-authenticate')).toContain('error="insufficient_scope"');
  });

  it('lets no key mint more than it has', async () => {
    const minter = await owner.minted('keys:create', 'records:read:orders');

    const more = await minter.request<{ code: string }>('/v1/keys', {
      method: 'POST',
      json: { name: 'more', scopes: ['records:read:*'] },
    });
    const same = await minter.request('/v1/keys', {
      method: 'POST',
      json: { name: 'same', scopes: ['records:read:orders'] },
    });

    expect(more.status).toBe(403);
    expect(more.body.code).toBe('SCOPE_NOT_HELD');
    expect(same.status).toBe(201);
  });

  it('shows a key its holder: lists, reads, revokes; and a revoked one is refused within a second', async () => {
    const key = await owner.minted('records:read:orders');
    expect((await me(key.token ?? '')).status).toBe(200);

    const revoked = await owner.request(`/v1/keys/${key.keyId}`, { method: 'DELETE' });
    const { body } = await withinASecond(
      () => me(key.token ?? ''),
      ({ status }) => status === 401,
    );
    const shown = await owner.ok<{ revokedAt: string | null }>(`/v1/keys/${key.keyId}`);

    expect(revoked.status).toBe(204);
    expect(body.code).toBe('TOKEN_REVOKED');
    expect(shown.revokedAt).not.toBeNull();
  });

  it('ends a key with the key that minted it', async () => {
    const parent = await owner.minted('keys:create', 'records:read:orders');
    const child = await parent.minted('records:read:orders');
    expect((await me(child.token ?? '')).status).toBe(200);

    await owner.request(`/v1/keys/${parent.keyId}`, { method: 'DELETE' });

    await refusedWithinASecond(child);
  });

  it('refuses a key once it has expired', async () => {
    const mint = async () => {
      const { token } = await owner.ok<{ token: string }>('/v1/keys', {
        method: 'POST',
        json: { name: 'short', scopes: ['records:read:orders'], expiresInSeconds: 1 },
      });
      return { token, status: (await me(token)).status };
    };

    const { token, status } = await oneOfThree(mint, (one) => one.status === 200);

    expect(status).toBe(200);
    // One second of life and five of allowed clock skew.
    await until(async () => (await me(token)).status === 401, 'the key to expire');

    expect((await me(token)).body.code).toBe('TOKEN_INVALID');
  });

  describe('refuses', () => {
    const { privateKey: foreignKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

    let ownKey: KeyObject;

    beforeAll(async () => {
      ownKey = await ownSigningKey(stack);
    });

    const ownSigned = ([header, claims]: [string, string, string], change: Record<string, unknown>) =>
      signed(jsonOf(header), { ...jsonOf(claims), ...change }, ownKey);

    it('nothing of a token that is right in every point', async () => {
      const { status } = await me(ownSigned(partsOf(stack.owner.token), {}));

      expect(status).toBe(200);
    });

    it.each<[string, string, (parts: [string, string, string]) => string]>([
      [
        'an altered claim',
        'signature',
        ([header, claims, signature]) =>
          [header, encode({ ...jsonOf(claims), scope: 'keys:read' }), signature].join('.'),
      ],
      [
        'an altered signature',
        'signature',
        ([header, claims, signature]) =>
          [header, claims, (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1)].join('.'),
      ],
      ['alg none', 'form', ([header, claims]) => [encode({ ...jsonOf(header), alg: 'none' }), claims, ''].join('.')],
      [
        'alg none with the signature left on',
        'algorithm',
        ([header, claims, signature]) => [encode({ ...jsonOf(header), alg: 'none' }), claims, signature].join('.'),
      ],
      [
        'a signature by another key',
        'signature',
        ([header, claims]) => signed(jsonOf(header), jsonOf(claims), foreignKey),
      ],
      [
        'a key that is not ours',
        'key',
        ([header, claims]) => signed({ ...jsonOf(header), kid: 'keyport-unknown' }, jsonOf(claims), foreignKey),
      ],
      ['another audience', 'audience', (parts) => ownSigned(parts, { aud: 'https://elsewhere.example' })],
      ['another issuer', 'issuer', (parts) => ownSigned(parts, { iss: 'https://elsewhere.example' })],
      ['a token that has expired', 'time', (parts) => ownSigned(parts, { iat: 1_700_000_000, exp: 1_700_000_600 })],
      [
        'a token that is too large',
        'size',
        ([header, claims, signature]) => [header, claims + 'A'.repeat(9_000), signature].join('.'),
      ],
      ['a token of five parts', 'form', (parts) => [...parts, 'AA', 'AA'].join('.')],
      ['text that is no token', 'form', () => 'nonsense'],
    ])('%s, by the check of its %s', async (_what, check, forge) => {
      const forged = forge(partsOf(stack.owner.token));

      const { status, headers, body } = await me(forged);

      expect(status).toBe(401);
      expect(body).toMatchObject({ code: 'TOKEN_INVALID', detail: expect.stringContaining(`the check "${check}"`) });
      expect(headers.get('www-authenticate')).toContain('error="invalid_token"');
      expect(JSON.stringify(body)).not.toContain(forged);
    });

    it('a request without a token', async () => {
      const { status, headers } = await owner.with(undefined).request('/v1/auth/me');

      expect(status).toBe(401);
      expect(headers.get('www-authenticate')).toBe(
        'Bearer realm="keyport", DPoP realm="keyport", algs="ES256 EdDSA PS256 RS256 Ed25519"',
      );
    });
  });
});
