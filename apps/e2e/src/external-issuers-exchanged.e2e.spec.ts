import { describe, expect, it } from '@jest/globals';
import { withinASecond, type KeyportClient, type Problem } from '@keyport/testing';
import { decodeJwt } from 'jose';
import { companyAudience } from './company-provider.ts';
import {
  change,
  company,
  gateways,
  goodOnEach,
  onEach,
  owner,
  put,
  read,
  refusedOnEach,
  register,
  registered,
  withCompany,
  type Claims,
} from './external-issuers-scene.ts';
import { exchange, exchanged, me } from './issuing.ts';

withCompany();

const idTokenType = 'urn:ietf:params:oauth:token-type:id_token';
const lifeOf = (token: string) => {
  const { iat = 0, exp = 0 } = decodeJwt(token);
  return exp - iat;
};

describe("A token of the company's provider, exchanged,", () => {
  it('gives one that does what the mapping says, as a principal of its own, on every gateway', async () => {
    await register();
    const client = await exchanged(gateways[0] as KeyportClient, await company.accessToken());

    const who = await me(client);

    expect(who).toMatchObject({ subject: `${company.issuer}|ci`, issuer: owner.url, kind: 'exchanged' });
    expect([...who.scopes].sort()).toEqual(['imports:create:orders', 'keys:read', 'records:read:orders']);
    expect([await read(client, 'orders'), await read(client, 'invoices'), await put(client)]).toEqual([200, 403, 403]);
    await goodOnEach(client.token ?? '');
  });

  it('gives no more than the ceiling, whatever the mapping says', async () => {
    await register();
    const token = await company.accessToken({ groups: ['everything'] });

    const all = await exchange(owner, token);
    const more = await exchange(owner, token, { scope: 'records:update:orders' });

    expect(all).toMatchObject({ status: 200, scope: 'records:read:* imports:*:*' });
    expect(more).toMatchObject({ status: 400, error: 'invalid_scope' });
  });

  it('gives less where less is asked for, and nothing that nobody mapped', async () => {
    await register();
    const token = await company.accessToken();

    const less = await exchange(owner, token, { scope: 'records:read:orders' });
    const other = await exchange(owner, await company.accessToken({ groups: ['Data-Team', 'data'] }));

    expect(less).toMatchObject({ status: 200, scope: 'records:read:orders', token_type: 'Bearer' });
    expect(other).toMatchObject({ status: 400, error: 'invalid_request' });
  });

  it('gives one that lives no longer than itself, nor than the issuer may', async () => {
    await register({ maxLifetimeSeconds: 200 });
    const token = await company.accessToken({ lifetime: 100 });

    const granted = await exchange(owner, token, { expires_in: '3600' });

    expect(granted.status).toBe(200);
    expect(decodeJwt(granted.access_token).exp).toBeLessThanOrEqual(decodeJwt(token).exp ?? 0);
    expect(await exchange(owner, await company.accessToken({ lifetime: 201 }))).toMatchObject({
      ...{ status: 400, error: 'invalid_request' },
      error_description: expect.stringContaining('time'),
    });
    expect(
      lifeOf((await exchange(owner, await company.accessToken({ lifetime: 200 }))).access_token),
    ).toBeLessThanOrEqual(200);
  });

  it.each<[string, Claims, Claims]>([
    ['for another audience', { aud: 'https://other.example' }, {}],
    ['for several audiences', { aud: [companyAudience, 'https://other.example'] }, {}],
    ['that has expired', { iat: 1, exp: 2 }, {}],
    ['from the future', { iat: 4_000_000_000, exp: 4_000_000_001 }, {}],
    ['of an issuer that is not registered', { iss: 'https://other.example' }, {}],
    ['of another type', {}, { typ: 'logout+jwt' }],
    ['that names a key of nobody', {}, { kid: 'nobody' }],
    ['that brings its own key', {}, { jwk: { kty: 'RSA' } }],
    ['that says where its key lies', {}, { jku: 'http://127.0.0.1:1/' }],
    ['bound to a certificate', { cnf: { 'x5t#S256': 'x' } }, {}],
    ['bound to a key', { cnf: { jkt: 'x'.repeat(43) } }, {}],
  ])('gives nothing for one %s', async (_what, claims, header) => {
    await register();

    const refused = await exchange(owner, await company.signed(claims, header));

    expect(refused).toMatchObject({ status: 400, error: 'invalid_request' });
  });

  it('may be an ID token, which no access token passes for, nor a logout token', async () => {
    await register();
    const ask = async (header: Claims) =>
      (await exchange(owner, await company.signed({}, header), { subject_token_type: idTokenType })).status;

    expect(await ask({ typ: 'JWT' })).toBe(200);
    expect(await ask({ typ: undefined })).toBe(200);
    expect(await ask({ typ: 'at+jwt' })).toBe(400);
    expect(await ask({ typ: 'logout+jwt' })).toBe(400);
  });

  it('is not accepted as it is, where the issuer is not trusted so', async () => {
    await register();

    expect(await onEach(await company.accessToken())).toEqual([
      [401, 'TOKEN_INVALID'],
      [401, 'TOKEN_INVALID'],
    ]);
  });
});

describe('What came from an issuer by exchange', () => {
  it.each<[string, (token: string) => object]>([
    ['its token', (token) => ({ iss: company.issuer, jti: decodeJwt(token).jti })],
    ['its principal', () => ({ iss: company.issuer, sub: 'ci' })],
    ['the issuer', () => ({ iss: company.issuer })],
    ['its key', () => ({ kid: 'first' })],
  ])('ends everywhere with %s, and none is given for it any more', async (_what, revocation) => {
    await register();
    const token = await company.accessToken();
    const client = await exchanged(owner, token);
    const child = await exchanged(owner, client.token, { scope: 'records:read:orders' });
    await goodOnEach(child.token ?? '');

    const { id } = await owner.ok<{ id: string }>('/v1/revocations', { method: 'POST', json: revocation(token) });

    await refusedOnEach(client.token ?? '');
    await refusedOnEach(child.token ?? '');
    expect(await exchange(owner, token)).toMatchObject({ status: 400, error: 'invalid_request' });
    await owner.ok(`/v1/revocations/${id}`, { method: 'DELETE' });
  });

  it('is cut within a second where the ceiling is lowered, and ends with the issuer', async () => {
    await register();
    const client = await exchanged(owner, await company.accessToken());

    await change({ ceiling: ['keys:read'] });
    const scopes = await withinASecond(
      async () => (await me(client)).scopes,
      (now) => now.length === 1,
    );
    await owner.ok(`/v1/issuers/${registered.id}`, { method: 'DELETE' });

    expect(scopes).toEqual(['keys:read']);
    await refusedOnEach(client.token ?? '');
  });

  it('makes no keys and registers nothing', async () => {
    const scopes = ['keys:create', 'public-keys:create', 'issuers:create'];
    await register({ ceiling: scopes, scopeMapping: [{ scopes }] });
    const client = await exchanged(owner, await company.accessToken());

    const made = await client.request<Problem>('/v1/keys', {
      method: 'POST',
      json: { name: 'x', scopes: ['keys:create'] },
    });

    expect(made.status).toBe(403);
  });
});
