import { beforeAll, describe, expect, it } from '@jest/globals';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { approved, clientId, owner, person, scopes, stack, withDevices } from './device-scene.ts';
import { registerClient } from './oauth-client.ts';

/** Loopback has no TLS; every other check of the libraries stays on. */
const insecure = { [oauth.allowInsecureRequests]: true };

withDevices();

let server: oauth.AuthorizationServer;

beforeAll(async () => {
  const issuer = new URL(stack.gatewayUrl);
  server = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }),
  );
});

describe('oauth4webapi, unmodified, with a DPoP key,', () => {
  it('signs a device in, uses its token at the API, refreshes it, and is refused with another key', async () => {
    const client = { client_id: clientId };
    const key = await oauth.generateKeyPair('ES256');
    const dpop = oauth.DPoP({}, key);
    const options = { DPoP: dpop, ...insecure };
    const asked = await oauth.processDeviceAuthorizationResponse(
      server,
      client,
      await oauth.deviceAuthorizationRequest(
        server,
        client,
        oauth.None(),
        new URLSearchParams({ scope: 'records:read:orders' }),
        insecure,
      ),
    );
    await approved(person, asked.user_code);

    const tokens = await oauth.processDeviceCodeResponse(
      server,
      client,
      await oauth.deviceCodeGrantRequest(server, client, oauth.None(), asked.device_code, options),
    );
    const records = new URL('/v1/datasets/orders/records', stack.gatewayUrl);
    const ask = (token: string, DPoP: oauth.DPoPHandle) =>
      oauth.protectedResourceRequest(token, 'GET', records, undefined, undefined, { DPoP, ...insecure });
    const [first, second] = [await ask(tokens.access_token, dpop), await ask(tokens.access_token, dpop)];
    const next = await oauth.processRefreshTokenResponse(
      server,
      client,
      await oauth.refreshTokenGrantRequest(server, client, oauth.None(), String(tokens.refresh_token), options),
    );
    const third = await ask(next.access_token, dpop);
    const otherKey = oauth.DPoP({}, await oauth.generateKeyPair('ES256'));
    const byOther = oauth.refreshTokenGrantRequest(server, client, oauth.None(), String(next.refresh_token), {
      DPoP: otherKey,
      ...insecure,
    });

    expect(tokens).toMatchObject({ token_type: 'dpop', scope: 'records:read:orders' });
    expect([first.status, second.status, third.status]).toEqual([200, 200, 200]);
    await expect(ask(next.access_token, otherKey)).rejects.toThrow(oauth.WWWAuthenticateChallengeError);
    await expect(
      byOther.then((answer) => oauth.processRefreshTokenResponse(server, client, answer)),
    ).rejects.toMatchObject({ error: 'invalid_grant' });
    // Neither try ended the sign-in: its own key goes on.
    expect((await ask(next.access_token, dpop)).status).toBe(200);
  });

  it.each(['ES256', 'Ed25519', 'PS256', 'RS256'] as const)(
    'uses a token that is bound to a key for %s',
    async (alg) => {
      const { client, secret } = await registerClient(owner, { scopes: ['records:read:orders'] });
      const by = { client_id: client.id };
      const options = { DPoP: oauth.DPoP({}, await oauth.generateKeyPair(alg)), ...insecure };

      const tokens = await oauth.processClientCredentialsResponse(
        server,
        by,
        await oauth.clientCredentialsGrantRequest(
          server,
          by,
          oauth.ClientSecretBasic(secret),
          new URLSearchParams(),
          options,
        ),
      );
      const me = await oauth.protectedResourceRequest(
        tokens.access_token,
        'GET',
        new URL('/v1/auth/me', stack.gatewayUrl),
        undefined,
        undefined,
        options,
      );
      const described = await oauth.processIntrospectionResponse(
        server,
        { client_id: client.id },
        await oauth.introspectionRequest(server, by, oauth.ClientSecretBasic(secret), tokens.access_token, insecure),
      );

      expect([tokens.token_type, me.status]).toEqual(['dpop', 200]);
      expect(described).toMatchObject({ active: true, token_type: 'DPoP' });
      expect(described.cnf?.jkt).toHaveLength(43);
    },
  );
});

describe('openid-client, unmodified,', () => {
  it('signs a device in by polling until somebody allows it, with a DPoP key', async () => {
    const config = await openid.discovery(new URL(stack.gatewayUrl), clientId, undefined, openid.None(), {
      algorithm: 'oauth2',
      execute: [openid.allowInsecureRequests],
    });
    const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair('ES256'));
    const asked = await openid.initiateDeviceAuthorization(config, { scope: scopes.join(' ') });
    const polling = openid.pollDeviceAuthorizationGrant(config, asked, undefined, { DPoP });
    await approved(person, asked.user_code);

    const tokens = await polling;
    const url = new URL('/v1/datasets/orders/records', stack.gatewayUrl);
    const answer = await openid.fetchProtectedResource(config, tokens.access_token, url, 'GET', null, undefined, {
      DPoP,
    });
    const next = await openid.refreshTokenGrant(config, String(tokens.refresh_token), undefined, { DPoP });

    expect(tokens).toMatchObject({ token_type: 'dpop', scope: scopes.join(' ') });
    expect([answer.status, next.token_type]).toEqual([200, 'dpop']);
  });
});
