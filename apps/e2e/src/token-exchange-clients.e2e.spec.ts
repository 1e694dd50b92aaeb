import { describe, expect, it } from '@jest/globals';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { CompanyProvider } from './company-provider.ts';
import { accessTokenType, exchangeGrant, jwtBearerGrant, registerIssuer } from './issuing.ts';
import { registerClient } from './oauth-client.ts';
import { read, rows, withExchanges } from './token-exchange-scene.ts';
import { owner, stack } from './two-gateways.ts';

withExchanges();

/** Loopback has no TLS; every other check of the libraries stays on. */
const insecure = { [oauth.allowInsecureRequests]: true };

describe('Unmodified clients', () => {
  it("of oauth4webapi exchange a key, and a provider's assertion", async () => {
    const issuer = new URL(stack.gatewayUrl);
    const discovery = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure });
    const server = await oauth.processDiscoveryResponse(issuer, discovery);
    const { client: registered, secret } = await registerClient(owner, {
      grants: [exchangeGrant, jwtBearerGrant],
      scopes: [read],
    });
    const client = { client_id: registered.id };
    const company = await CompanyProvider.start();
    await registerIssuer(owner, company);
    const key = await owner.minted(read);
    const ask = async (grant: string, parameters: Record<string, string>) => {
      const auth = oauth.ClientSecretBasic(secret);
      const response = await oauth.genericTokenEndpointRequest(server, client, auth, grant, parameters, insecure);
      return oauth.processGenericTokenEndpointResponse(server, client, response);
    };

    const forKey = await ask(exchangeGrant, {
      subject_token: key.token ?? '',
      subject_token_type: accessTokenType,
      scope: read,
    });
    const forAssertion = await ask(jwtBearerGrant, {
      assertion: await company.signed({ aud: server.issuer }, { typ: 'JWT' }),
    });
    await company.down();

    expect(server.grant_types_supported).toEqual(expect.arrayContaining([exchangeGrant, jwtBearerGrant]));
    expect(forKey).toMatchObject({ token_type: 'bearer', scope: read, issued_token_type: accessTokenType });
    for (const { access_token: token } of [forKey, forAssertion]) expect((await rows(owner.with(token)))[0]).toBe(200);
  });

  it("of openid-client exchange a key and a provider's token, and show its assertion", async () => {
    const grants = [exchangeGrant, jwtBearerGrant];
    const { client, secret } = await registerClient(owner, { grants, scopes: [read] });
    const config = await openid.discovery(new URL(stack.gatewayUrl), client.id, secret, undefined, {
      algorithm: 'oauth2',
      execute: [openid.allowInsecureRequests],
    });
    const company = await CompanyProvider.start();
    await registerIssuer(owner, company);
    const key = await owner.minted(read);
    const ask = (token: string) =>
      openid.genericGrantRequest(config, exchangeGrant, { subject_token: token, subject_token_type: accessTokenType });

    const assertion = await company.signed({ aud: config.serverMetadata().issuer }, { typ: 'JWT' });
    const granted = [
      await ask(key.token ?? ''),
      await ask(await company.accessToken()),
      await openid.genericGrantRequest(config, jwtBearerGrant, { assertion }),
    ];
    await company.down();

    for (const { access_token: token } of granted) expect((await rows(owner.with(token)))[0]).toBe(200);
  });
});
