import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { outcomeOf, signedInUser, type KeyportClient, type Problem } from '@keyport/testing';
import { decodeJwt } from 'jose';
import { accessTokenType, exchange, exchanged, me } from './issuing.ts';
import { sendForm } from './oauth-client.ts';
import { claimsOf, expectGone, read, rows, statusesOn, withExchanges } from './token-exchange-scene.ts';
import { gateways, owner } from './two-gateways.ts';

withExchanges();

const post = (client: KeyportClient, path: string, json: object) =>
  client.request<Problem>(path, { method: 'POST', json });

describe('A key that is exchanged', () => {
  it('gives a token that does less, for less long, as the same person', async () => {
    const key = await owner.minted(read, 'imports:create:orders');

    const phone = await exchanged(gateways[1] as KeyportClient, key.token, { scope: read, expires_in: '60' });

    const { iat = 0, exp = 0 } = claimsOf(phone);
    expect(exp - iat).toBe(60);
    expect(await me(phone)).toMatchObject({ subject: claimsOf(key).sub, kind: 'exchanged', scopes: [read] });
    expect([await rows(phone), (await phone.import('orders', 'application/x-ndjson', '{}')).status]).toEqual([
      [200, 2],
      403,
    ]);
    expect(await statusesOn(phone.token)).toEqual([200, 200]);
  });

  it('gives all its rights for an hour unless told', async () => {
    const key = await owner.minted(read);

    const granted = await exchange(owner, key.token);

    expect(granted).toMatchObject({
      ...{ status: 200, scope: read, expires_in: 3600, token_type: 'Bearer', issued_token_type: accessTokenType },
    });
  });

  it.each<[string, Record<string, string>, string]>([
    ['another dataset', { scope: 'records:read:invoices' }, 'invalid_scope'],
    ['a wider pattern', { scope: 'records:read:*' }, 'invalid_scope'],
    ['another action', { scope: 'records:*:orders' }, 'invalid_scope'],
    ['everything', { scope: '*' }, 'invalid_scope'],
    ['a scope that does not exist', { scope: 'nonsense' }, 'invalid_scope'],
    ['another resource server', { resource: 'https://other.example' }, 'invalid_target'],
    ['another audience', { audience: 'other' }, 'invalid_target'],
    ['an ID token', { requested_token_type: 'urn:ietf:params:oauth:token-type:id_token' }, 'invalid_request'],
    ['an actor', { actor_token: 'x', actor_token_type: accessTokenType }, 'invalid_request'],
    ['no time', { expires_in: '0' }, 'invalid_request'],
    ['a time that is no number', { expires_in: '1e3' }, 'invalid_request'],
    [
      'a type that it does not have',
      { subject_token_type: 'urn:ietf:params:oauth:token-type:id_token' },
      'invalid_request',
    ],
    ['a type of nobody', { subject_token_type: 'password' }, 'invalid_request'],
    ['details that are no JSON', { authorization_details: '{' }, 'invalid_authorization_details'],
    ['details of another type', { authorization_details: '[{"type":"account"}]' }, 'invalid_authorization_details'],
  ])('gives nothing where it is for %s', async (_what, form, error) => {
    const key = await owner.minted(read);

    expect(await exchange(owner, key.token, form)).toMatchObject({ status: 400, error });
  });

  it('gives nothing once it was revoked, and nothing for what is no token', async () => {
    const key = await owner.minted(read);
    await owner.ok(`/v1/keys/${key.keyId}`, { method: 'DELETE' });

    expect(await exchange(owner, key.token)).toMatchObject({ status: 400, error: 'invalid_request' });
    expect(await exchange(owner, 'nonsense')).toMatchObject({ status: 400, error: 'invalid_request' });
    expect(await exchange(owner, undefined)).toMatchObject({ status: 400, error: 'invalid_request' });
    expect(await exchange(owner, 'x'.repeat(9_000))).toMatchObject({ status: 400, error: 'invalid_request' });
  });

  it('never gives one that lives longer than itself, through any number of exchanges', async () => {
    const { token } = await owner.ok<{ token: string }>('/v1/keys', {
      ...{ method: 'POST', json: { name: 'short', scopes: [read], expiresInSeconds: 90 } },
    });
    const first = await exchanged(owner, token, { expires_in: '80' });

    const second = await exchanged(owner, first.token, { expires_in: '999999999' });

    expect(claimsOf(first).exp).toBeLessThanOrEqual(decodeJwt(token).exp ?? 0);
    expect(claimsOf(second).exp).toBe(claimsOf(first).exp);
  });

  it('has all its descendants end with it, and each with those before it', async () => {
    const key = await owner.minted(read);
    // The key itself was minted through the owner's: with three more that makes four ancestors of the last.
    const first = await exchanged(owner, key.token);
    const second = await exchanged(owner, first.token);
    const third = await exchanged(owner, second.token);
    expect(await statusesOn(third.token)).toEqual([200, 200]);
    expect(claimsOf(third).anc).toHaveLength(4);
    expect(await exchange(owner, third.token)).toMatchObject({ status: 400, error: 'invalid_request' });

    await owner.ok('/v1/revocations', { method: 'POST', json: { jti: claimsOf(second).jti } });
    await expectGone(second, third);
    expect(await statusesOn(first.token)).toEqual([200, 200]);
    await sendForm(owner, '/oauth/revoke', { token: first.token ?? '' });
    await expectGone(first);
    expect(await statusesOn(key.token)).toEqual([200, 200]);
    const again = await exchanged(owner, key.token);
    await owner.ok(`/v1/keys/${key.keyId}`, { method: 'DELETE' });
    await expectGone(again);
  });

  it('cuts what was given for it where its ceiling is lowered, and where its person is demoted', async () => {
    const someone = await signedInUser(owner, { role: 'member', scopes: ['records:read:*', 'keys:*'] });
    const key = await someone.client.minted('records:read:orders', 'records:read:invoices');
    const phone = await exchanged(owner, key.token);
    const both = [await rows(phone), (await rows(phone, 'invoices'))[0]];

    await someone.client.ok(`/v1/keys/${key.keyId}`, { method: 'PATCH', json: { scopes: [read] } });
    const cut = (await rows(phone, 'invoices'))[0];
    await owner.ok(`/v1/users/${someone.id}`, { method: 'PATCH', json: { disabled: true } });

    expect([both, cut]).toEqual([[[200, 2], 200], 403]);
    await expectGone(phone);
  });

  it('narrows rows and fields further, and says so', async () => {
    const detail = (more: object) => ({
      type: 'keyport_dataset',
      datasets: ['orders'],
      actions: ['records:read'],
      ...more,
    });
    const { token } = await owner.ok<{ token: string }>('/v1/keys', {
      method: 'POST',
      json: { name: 'eu', scopes: [read], authorizationDetails: [detail({ filter: { region: 'eu' } })] },
    });
    const asked = (more: object) => ({ authorization_details: JSON.stringify([detail(more)]) });

    const granted = await exchange(owner, token, asked({ fields: ['a'] }));
    const shown = await owner.with(granted.access_token).request<string>('/v1/datasets/orders/records');
    const other = await exchange(owner, token, asked({ datasets: ['invoices'] }));
    const wider = await exchanged(owner, token, asked({}));

    expect(granted.authorization_details).toEqual([detail({ filter: { region: 'eu' }, fields: ['a'] })]);
    expect(shown.body.trim()).toBe('{"a":1}');
    expect(other).toMatchObject({ status: 400, error: 'invalid_authorization_details' });
    expect(await rows(wider)).toEqual([200, 1]);
  });

  it('gives no way to keys: what was exchanged mints, rotates and registers nothing', async () => {
    const key = await owner.minted('keys:*', 'public-keys:*', 'issuers:*', read);
    const phone = await exchanged(owner, key.token);
    const { publicKey } = generateKeyPairSync('ed25519');
    const jwk = publicKey.export({ format: 'jwk' });
    const issuer = { issuer: 'https://idp.example', jwks: { keys: [{ ...jwk, kid: 'x' }] }, audience: 'x' };

    const tried = [
      await post(phone, '/v1/keys', { name: 'x', scopes: [read] }),
      await post(phone, `/v1/keys/${key.keyId}/rotate`, { graceSeconds: 0 }),
      await post(phone, '/v1/public-keys', { name: 'x', jwk, scopes: [read] }),
      await post(phone, '/v1/issuers', { ...issuer, scopeMapping: [], ceiling: [read] }),
    ];

    expect(tried.map(outcomeOf)).toEqual(tried.map(() => [403, 'TOKEN_EXCHANGED']));
  });
});

describe('A session that is exchanged', () => {
  it('has its tokens end when the person signs out, and they are no session', async () => {
    const someone = await signedInUser(owner, { role: 'member', scopes: [read] });
    const phone = await exchanged(owner, someone.accessToken);
    const passwords = { currentPassword: someone.password, newPassword: 'twelve letters at least' };

    const change = await phone.request<Problem>('/v1/auth/password', { method: 'PUT', json: passwords });
    expect(outcomeOf(change)).toEqual([403, 'SESSION_NEEDED']);
    await someone.client.ok('/v1/auth/logout', { method: 'POST', json: {} });

    await expectGone(phone);
  });

  it('goes on when its token signs out alone', async () => {
    const someone = await signedInUser(owner, { role: 'member', scopes: [read] });
    const phone = await exchanged(owner, someone.accessToken);

    await phone.ok('/v1/auth/logout', { method: 'POST', json: {} });

    await expectGone(phone);
    expect(await statusesOn(someone.accessToken)).toEqual([200, 200]);
  });
});
