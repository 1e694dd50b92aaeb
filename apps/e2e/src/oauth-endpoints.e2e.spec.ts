import { describe, expect, it } from '@jest/globals';
import { DpopKey, signedInUser, withinASecond, type KeyportClient, type SignedInUser } from '@keyport/testing';
import { SelfIssuer } from './attacks/self-issuer.ts';
import { exchanged } from './issuing.ts';
import { assertionType, basicOf, registerClient, sendForm, SigningClient } from './oauth-client.ts';
import { inactiveEverywhere, introspect, refusedEverywhere, tokenOf } from './oauth-scene.ts';
import { gateways, owner, stack, withTwoGateways } from './two-gateways.ts';

withTwoGateways(['orders']);

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';

/** Tokens of a device that the person let in. */
async function deviceOf(person: SignedInUser) {
  const wanted = { authentication: 'none', grants: [deviceGrant, 'refresh_token'], scopes: ['records:read:orders'] };
  const { client } = await registerClient(owner, wanted);
  const asked = (await sendForm(owner, '/oauth/device_authorization', { client_id: client.id })).body;
  const json = { userCode: asked.user_code, approve: true };
  await person.client.ok('/v1/auth/device', { method: 'POST', json });
  const form = { client_id: client.id, grant_type: deviceGrant, device_code: String(asked.device_code) };
  return (await sendForm(owner, '/oauth/token', form)).body as { access_token: string; refresh_token: string };
}

describe('Introspection and revocation', () => {
  it('answer for every kind of token, and call a revoked one inactive on every gateway within a second', async () => {
    const person = await signedInUser(owner, { scopes: ['keys:*', 'records:read:orders'] });
    const key = await person.client.minted('records:read:orders');
    const { access_token } = await tokenOf(await registerClient(owner));
    const self = (await SelfIssuer.registeredBy(owner, 'P-256')).token();
    const device = await deviceOf(person);
    const tokens = {
      ...{ session: person.accessToken, refresh: person.refreshToken, key: key.token, client: access_token },
      ...{ self, exchanged: (await exchanged(owner, key.token)).token, ofSelf: (await exchanged(owner, self)).token },
      ...{ device: device.access_token, ofDevice: device.refresh_token },
    };

    for (const [kind, token = ''] of Object.entries(tokens)) {
      expect([kind, (await introspect(owner, token)).active]).toEqual([kind, true]);
    }
    // A session and its refresh token end together, and what was exchanged with what it was given for.
    for (const token of [self, key.token ?? '', access_token, device.access_token, person.refreshToken]) {
      expect((await sendForm(owner, '/oauth/revoke', { token })).status).toBe(200);
    }

    for (const token of Object.values(tokens)) await inactiveEverywhere(token ?? '');
    for (const token of [person.accessToken, key.token ?? '', access_token]) await refusedEverywhere(token);
  });

  it('tell what a refresh token would give, and whose it is', async () => {
    const person = await signedInUser(owner, { scopes: ['keys:read'] });

    const state = await introspect(owner, person.refreshToken);

    expect(state).toMatchObject({ active: true, scope: 'keys:read', sub: person.id, client_id: 'keyport' });
  });

  it('say nothing of what is no token, and revoking it is no error (RFC 7009 §2.2)', async () => {
    for (const token of ['nonsense', `kpr_${'A'.repeat(43)}`, 'a.b.c', 'x'.repeat(9_000)]) {
      expect(await introspect(owner, token)).toEqual({ active: false });
      expect((await sendForm(owner, '/oauth/revoke', { token })).status).toBe(200);
    }
  });

  it('name the scopes of the moment, not those that the token says', async () => {
    const person = await signedInUser(owner, { scopes: ['keys:read', 'records:read:orders'] });
    await owner.ok(`/v1/users/${person.id}`, { method: 'PATCH', json: { scopes: ['keys:read'] } });

    const state = await withinASecond(
      () => introspect(owner, person.accessToken),
      ({ scope }) => scope === 'keys:read',
    );

    expect(state.active).toBe(true);
  });
});

describe('An assertion', () => {
  it.each(['', '/oauth/token'])('for the issuer%s is good once', async (path) => {
    const signer = await SigningClient.registeredBy(owner, { alg: 'EdDSA' });
    const assertion = await signer.assertion({ aud: `${stack.gatewayUrl.replace(/\/$/, '')}${path}` });
    const ask = (gateway: KeyportClient) =>
      sendForm(gateway, '/oauth/token', {
        grant_type: 'client_credentials',
        client_assertion_type: assertionType,
        client_assertion: assertion,
      });

    const replies = await Promise.all([...gateways, ...gateways].map(ask));

    expect(replies.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401]);
  });
});

describe('A client that keeps failing', () => {
  it('is held back, and no other client at its address', async () => {
    const [failing, other] = [await registerClient(owner), await registerClient(owner)];
    const fail = () =>
      sendForm(owner, '/oauth/token', { grant_type: 'client_credentials' }, basicOf(failing.client.id, 'kps_wrong'));

    const replies = [];
    // A quarter of an hour may end in between, and the counting begins anew.
    for (let tries = 0; tries < 150 && replies.at(-1)?.status !== 429; tries += 1) replies.push(await fail());

    expect(replies.at(-1)).toMatchObject({ status: 429, body: { error: 'temporarily_unavailable' } });
    expect(Number(replies.at(-1)?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(new Set(replies.slice(0, -1).map(({ status }) => status))).toEqual(new Set([401]));
    expect((await tokenOf(other)).expires_in).toBe(600);
  });
});

describe('What the OAuth endpoints cannot read', () => {
  const json = { 'content-type': 'application/json' };
  const rows: [string, string, string, Record<string, string>, number, string][] = [
    ['JSON', '/oauth/token', '{"grant_type":"client_credentials"}', json, 400, 'invalid_request'],
    ['a multipart form', '/oauth/token', 'x', { 'content-type': 'multipart/form-data' }, 400, 'invalid_request'],
    ['nothing', '/oauth/token', '', {}, 400, 'invalid_request'],
    ['a repeated parameter', '/oauth/token', 'grant_type=a&grant_type=a', {}, 400, 'invalid_request'],
    ['an unknown grant', '/oauth/token', 'grant_type=password', {}, 400, 'unsupported_grant_type'],
    ['an oversized form', '/oauth/token', `grant_type=${'x'.repeat(70_000)}`, {}, 413, 'invalid_request'],
    [
      'an oversized assertion',
      '/oauth/token',
      `grant_type=client_credentials&client_assertion_type=${assertionType}&client_assertion=${'x'.repeat(20_000)}`,
      {},
      401,
      'invalid_client',
    ],
    [
      'an oversized assertion of another issuer',
      '/oauth/token',
      `grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=${'x'.repeat(20_000)}`,
      {},
      400,
      'invalid_grant',
    ],
    [
      'an oversized token to exchange',
      '/oauth/token',
      `grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token_type=x&subject_token=${'x'.repeat(20_000)}`,
      {},
      400,
      'invalid_request',
    ],
    [
      'details that nobody would look at',
      '/oauth/device_authorization',
      'client_id=a&authorization_details=%5B%5D',
      {},
      400,
      'invalid_authorization_details',
    ],
    [
      'a refresh token that nobody has',
      '/oauth/token',
      'grant_type=refresh_token&refresh_token=x',
      {},
      400,
      'invalid_grant',
    ],
    ['a query', '/oauth/token?grant_type=client_credentials', 'a=b', {}, 400, 'invalid_request'],
    ['a request for no token', '/oauth/introspect', 'a=b', {}, 400, 'invalid_request'],
    ['an introspection by nobody', '/oauth/introspect', 'token=x', {}, 401, 'invalid_client'],
    ['a revocation of no token', '/oauth/revoke', 'a=b', {}, 400, 'invalid_request'],
    ['an address that is none', '/oauth/authorize', 'a=b', {}, 404, 'invalid_request'],
  ];

  it.each(rows)('%s is refused as its RFC says', async (_what, path, body, headers, status, error) => {
    const reply = await sendForm(owner, path, body, headers);

    expect([reply.status, reply.body]).toMatchObject([status, { error }]);
    expect(reply.headers.get('content-type')).toContain('application/json');
    expect(reply.headers.get('cache-control')).toBe('no-store');
    expect(Object.keys(reply.body)).toEqual(['error', 'error_description']);
  });

  const endpoints = ['token', 'introspect', 'revoke', 'device_authorization'].map((name) => `/oauth/${name}`);
  const everywhere: [string, string, Record<string, string>, number][] = [
    ['JSON', '{"token":"x"}', json, 400],
    ['a multipart form', 'x', { 'content-type': 'multipart/form-data; boundary=x' }, 400],
    ['plain text', 'token=x', { 'content-type': 'text/plain' }, 400],
    ['a repeated parameter', 'client_id=a&token=x&client_id=a', {}, 400],
    ['a parameter that is repeated in another spelling', 'client_id=a&token=x&client%5Fid=b', {}, 400],
    ['two ways to say who it is', 'client_secret=x&token=x', basicOf('a', 'b'), 400],
    ['an oversized form', `token=${'x'.repeat(70_000)}`, {}, 413],
  ];

  describe.each(endpoints)('and at %s', (path) => {
    it.each(everywhere)('%s is invalid_request', async (_what, body, headers, status) => {
      const reply = await sendForm(owner, path, body, headers);

      expect([reply.status, reply.body]).toMatchObject([status, { error: 'invalid_request' }]);
      expect(reply.headers.get('cache-control')).toBe('no-store');
    });

    it('a query is invalid_request', async () => {
      const reply = await sendForm(owner, `${path}?client_id=a`, 'token=x');

      expect([reply.status, reply.body]).toMatchObject([400, { error: 'invalid_request' }]);
    });

    it('GET is answered with 405, in the same form', async () => {
      const reply = await owner.with(undefined).request(path);

      expect(reply).toMatchObject({ status: 405, body: { error: 'invalid_request' } });
      expect(reply.headers.get('allow')).toBe('POST');
    });
  });

  it.each([
    ['is nonsense', () => 'nonsense'],
    ['is an access token', () => owner.token ?? ''],
    ['is oversized', () => 'x'.repeat(9_000)],
    ['is for another endpoint', () => new DpopKey().proof({ method: 'POST', url: `${stack.gatewayUrl}/oauth/revoke` })],
  ])('a proof that %s is invalid_dpop_proof, and nothing is half done', async (_what, proof) => {
    const person = await signedInUser(owner, { scopes: ['keys:read'] });
    const form = { grant_type: 'refresh_token', refresh_token: person.refreshToken };

    const refused = await sendForm(owner, '/oauth/token', form, { dpop: proof() });

    expect([refused.status, refused.body]).toMatchObject([400, { error: 'invalid_dpop_proof' }]);
    expect((await sendForm(owner, '/oauth/token', form)).status).toBe(200);
  });
});
