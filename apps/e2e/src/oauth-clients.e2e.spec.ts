import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestStack, type KeyportClient } from '@keyport/testing';
import { generateKeyPair, exportJWK } from 'jose';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { registerClient } from './oauth-client.ts';

interface Session {
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** Loopback has no TLS; every other check of the libraries stays on. */
const insecure = { [oauth.allowInsecureRequests]: true };

let stack: TestStack;
let owner: KeyportClient;
let server: oauth.AuthorizationServer;

beforeAll(async () => {
  stack = await TestStack.start();
  owner = stack.client;
  await owner.putDataset('orders');
  await owner.imported('orders', 'application/x-ndjson', '{"a":1}\n');
  const issuer = new URL(stack.gatewayUrl);
  server = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }),
  );
});

afterAll(() => stack?.stop());

const recordsWith = async (token: string) => (await owner.with(token).request('/v1/datasets/orders/records')).status;

const signIn = () => {
  const { email, password } = stack.owner;
  return owner.with(undefined).ok<Session>('/v1/auth/login', { method: 'POST', json: { email, password } });
};

/** A client with a secret, and one for each algorithm that may sign assertions. */
async function everyClient(scopes: readonly string[], grants: readonly string[]) {
  const bySecret = await registerClient(owner, { scopes, grants });
  const { client_id, secret } = { client_id: bySecret.client.id, secret: bySecret.secret };
  const signers = await Promise.all(
    (['ES256', 'PS256', 'RS256', 'EdDSA'] as const).map(async (alg) => {
      const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
      const jwks = { keys: [{ ...(await exportJWK(publicKey)), alg, kid: alg }] };
      const { client } = await registerClient(owner, { scopes, grants, jwks });
      return [`private_key_jwt with ${alg}`, client.id, { key: privateKey, kid: alg }] as const;
    }),
  );
  return { client_id, secret, signers };
}

describe('oauth4webapi, unmodified,', () => {
  it('discovers the server, and the resource that its tokens are for', async () => {
    const resource = new URL(stack.gatewayUrl);

    const found = await oauth.processResourceDiscoveryResponse(
      resource,
      await oauth.resourceDiscoveryRequest(resource, insecure),
    );

    expect(found).toMatchObject({ authorization_servers: [server.issuer], bearer_methods_supported: ['header'] });
    expect(server.grant_types_supported).toEqual(expect.arrayContaining(['client_credentials', 'refresh_token']));
    expect(server.jwks_uri).toBe(`${server.issuer}/.well-known/jwks.json`);
  });

  it('gets a token as a client by each way to authenticate, and the token reads what it may', async () => {
    const scopes = ['records:read:orders', 'keys:read'];
    const { client_id, secret, signers } = await everyClient(scopes, ['client_credentials']);
    const ways: [string, string, oauth.ClientAuth][] = [
      ['client_secret_basic', client_id, oauth.ClientSecretBasic(secret)],
      ['client_secret_post', client_id, oauth.ClientSecretPost(secret)],
      ...signers.map(([way, id, key]): [string, string, oauth.ClientAuth] => [way, id, oauth.PrivateKeyJwt(key)]),
    ];

    for (const [way, id, authentication] of ways) {
      const client = { client_id: id };
      const parameters = new URLSearchParams({ scope: 'records:read:orders' });
      const response = await oauth.clientCredentialsGrantRequest(server, client, authentication, parameters, insecure);
      const granted = await oauth.processClientCredentialsResponse(server, client, response);

      expect([way, granted]).toMatchObject([way, { token_type: 'bearer', scope: 'records:read:orders' }]);
      expect(granted.refresh_token).toBeUndefined();
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect([way, await recordsWith(granted.access_token)]).toEqual([way, 200]);
      expect((await owner.with(granted.access_token).request('/v1/keys')).status).toBe(403);
    }
  });

  it('verifies its token by the key set, as any resource server would', async () => {
    const { client: registered, secret } = await registerClient(owner);
    const client = { client_id: registered.id };
    const response = await oauth.clientCredentialsGrantRequest(
      server,
      client,
      oauth.ClientSecretBasic(secret),
      {},
      insecure,
    );
    const { access_token } = await oauth.processClientCredentialsResponse(server, client, response);

    const request = new Request('http://resource.example', { headers: { authorization: `Bearer ${access_token}` } });
    const claims = await oauth.validateJwtAccessToken(server, request, server.issuer, insecure);

    expect(claims).toMatchObject({ sub: registered.id, client_id: registered.id, scope: 'records:read:orders' });
  });

  it('refreshes a sign-in, with less where it asks for less, and is told when a token was used before', async () => {
    const client = { client_id: 'keyport' };
    const session = await signIn();
    const refresh = (token: string, scope?: string) =>
      oauth.refreshTokenGrantRequest(server, client, oauth.None(), token, {
        ...insecure,
        ...(scope && { additionalParameters: { scope } }),
      });

    const first = await oauth.processRefreshTokenResponse(
      server,
      client,
      await refresh(session.refreshToken, 'records:read:orders'),
    );
    const second = await oauth.processRefreshTokenResponse(server, client, await refresh(first.refresh_token ?? ''));

    expect([first.scope, second.scope]).toEqual(['records:read:orders', '*']);
    expect((await owner.with(first.access_token).request('/v1/keys')).status).toBe(403);
    expect((await owner.with(second.access_token).request('/v1/keys')).status).toBe(200);
    await expect(
      oauth.processRefreshTokenResponse(server, client, await refresh(session.refreshToken)),
    ).rejects.toMatchObject({ error: 'invalid_grant' });
    expect((await owner.with(second.access_token).request('/v1/keys')).status).toBe(401);
  });

  it('introspects and revokes its tokens, and others only with the right to', async () => {
    const { client: registered, secret } = await registerClient(owner);
    const { client: looking, secret: lookingSecret } = await registerClient(owner, { scopes: ['tokens:introspect'] });
    const [client, observer] = [{ client_id: registered.id }, { client_id: looking.id }];
    const authentication = oauth.ClientSecretBasic(secret);
    const granted = await oauth.processClientCredentialsResponse(
      server,
      client,
      await oauth.clientCredentialsGrantRequest(server, client, authentication, {}, insecure),
    );
    const stateFor = async (who: oauth.Client, proof: oauth.ClientAuth, token: string) =>
      oauth.processIntrospectionResponse(
        server,
        who,
        await oauth.introspectionRequest(server, who, proof, token, insecure),
      );

    const own = await stateFor(client, authentication, granted.access_token);
    const other = await stateFor(client, authentication, owner.token ?? '');
    const seen = await stateFor(observer, oauth.ClientSecretPost(lookingSecret), owner.token ?? '');
    await oauth.processRevocationResponse(
      await oauth.revocationRequest(server, client, authentication, granted.access_token, insecure),
    );

    expect(own).toMatchObject({
      ...{ active: true, client_id: registered.id, sub: registered.id, iss: server.issuer, aud: server.issuer },
      ...{ scope: 'records:read:orders', token_type: 'Bearer' },
    });
    expect(other).toEqual({ active: false });
    expect(seen).toMatchObject({ active: true, client_id: 'keyport' });
    expect(await stateFor(client, authentication, granted.access_token)).toEqual({ active: false });
    expect(await recordsWith(granted.access_token)).toBe(401);
  });

  it('understands the refusals', async () => {
    const { client: registered } = await registerClient(owner);
    const client = { client_id: registered.id };
    const response = await oauth.clientCredentialsGrantRequest(
      server,
      client,
      oauth.ClientSecretBasic('kps_wrong'),
      {},
      insecure,
    );

    const refusal = await oauth.processClientCredentialsResponse(server, client, response).catch((e: unknown) => e);

    expect(refusal).toBeInstanceOf(oauth.WWWAuthenticateChallengeError);
    expect((refusal as oauth.WWWAuthenticateChallengeError).cause[0]?.scheme).toBe('basic');
  });
});

describe('openid-client, unmodified,', () => {
  const configured = (id: string, authentication: openid.ClientAuth) =>
    openid.discovery(new URL(stack.gatewayUrl), id, undefined, authentication, {
      algorithm: 'oauth2',
      execute: [openid.allowInsecureRequests],
    });

  it('gets, introspects, revokes and refreshes', async () => {
    const { client, secret } = await registerClient(owner);
    const program = await configured(client.id, openid.ClientSecretPost(secret));
    const person = await configured('keyport', openid.None());

    const granted = await openid.clientCredentialsGrant(program, { scope: 'records:read:orders' });
    const before = await openid.tokenIntrospection(program, granted.access_token);
    await openid.tokenRevocation(program, granted.access_token);
    const after = await openid.tokenIntrospection(program, granted.access_token);
    const refreshed = await openid.refreshTokenGrant(person, (await signIn()).refreshToken);
    await openid.tokenRevocation(person, refreshed.refresh_token ?? '');

    expect([before.active, after.active]).toEqual([true, false]);
    await expect(openid.refreshTokenGrant(person, refreshed.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
    });
    expect((await owner.with(refreshed.access_token).request('/v1/keys')).status).toBe(401);
  });

  it('signs assertions', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    // A client with one key need not name it.
    const { client } = await registerClient(owner, { jwks: { keys: [await exportJWK(publicKey)] } });

    const granted = await openid.clientCredentialsGrant(await configured(client.id, openid.PrivateKeyJwt(privateKey)));

    expect(await recordsWith(granted.access_token)).toBe(200);
  });
});
