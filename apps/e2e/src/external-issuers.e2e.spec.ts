import { describe, expect, it } from '@jest/globals';
import { outcomeOf, type KeyportClient, type Problem } from '@keyport/testing';
import { companyAudience, CompanyProvider } from './company-provider.ts';
import { company, gateways, owner, register, registered, withCompany, type Claims } from './external-issuers-scene.ts';
import { bearAssertion, me, registerIssuer } from './issuing.ts';

withCompany();

describe('An assertion of a registered issuer', () => {
  const assertion = (claims: Claims = {}, header: Claims = {}) =>
    company.signed({ aud: owner.url, groups: ['data-team'], ...claims }, { typ: 'JWT', ...header });

  it.each(['the deployment', 'its token endpoint'])('for %s gives a token once', async (what) => {
    await register();
    const aud = what === 'the deployment' ? owner.url : `${owner.url.replace(/\/$/, '')}/oauth/token`;
    const text = await assertion({ aud });

    const first = await bearAssertion(gateways[0] as KeyportClient, text);
    const second = await bearAssertion(gateways[1] as KeyportClient, text);

    expect(first).toMatchObject({ status: 200, token_type: 'Bearer', expires_in: 600 });
    expect(second).toMatchObject({ status: 400, error: 'invalid_grant' });
    expect(await me(owner.with(first.access_token))).toMatchObject({ subject: `${company.issuer}|ci` });
  });

  it('that is shown twenty times at once gives one token', async () => {
    await register();
    const text = await assertion();

    const all = await Promise.all(
      Array.from({ length: 20 }, (_, index) => bearAssertion(gateways[index % 2] as KeyportClient, text)),
    );

    expect(all.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it.each<[string, Claims, Claims]>([
    ['for what its access tokens are for', { aud: companyAudience }, {}],
    ['for another deployment', { aud: 'https://other.example' }, {}],
    ['without an id', { jti: undefined }, {}],
    ['without an end', { exp: undefined }, {}],
    ['that has expired', { iat: 1, exp: 2 }, {}],
    ['that lives too long', { exp: Math.floor(Date.now() / 1000) + 7_200 }, {}],
    ['that is an access token', {}, { typ: 'at+jwt' }],
    ['of an issuer that is not registered', { iss: 'https://other.example' }, {}],
    ['by a key of nobody', {}, { kid: 'nobody' }],
  ])('%s gives nothing', async (_what, claims, header) => {
    await register();

    expect(await bearAssertion(owner, await assertion(claims, header))).toMatchObject({
      ...{ status: 400, error: 'invalid_grant' },
    });
  });

  it('that asks for too much may ask again for less', async () => {
    await register();
    const text = await assertion();

    const more = await bearAssertion(owner, text, { scope: 'records:delete:orders' });
    const less = await bearAssertion(owner, text, { scope: 'records:read:orders' });

    expect([more.error, less.scope]).toEqual(['invalid_scope', 'records:read:orders']);
  });
});

describe('Whoever registers an issuer', () => {
  it('gives no more than they have, and changes none that may more than they', async () => {
    await register();
    const weak = await owner.minted('issuers:*', 'records:read:orders');
    const elsewhere = await CompanyProvider.start();
    const request = (scopes: string[]) =>
      registerIssuer(weak, elsewhere, { ceiling: scopes, scopeMapping: [] }).then(() => 'registered', String);
    const patch = async (json: object) =>
      outcomeOf(await weak.request<Problem>(`/v1/issuers/${registered.id}`, { method: 'PATCH', json }));

    expect(await request(['records:read:*'])).toContain('SCOPE_NOT_HELD');
    expect(await patch({ jwksUri: elsewhere.jwksUri })).toEqual([403, 'SCOPE_NOT_HELD']);
    expect(await patch({ scopeMapping: [{ scopes: ['records:read:*'] }] })).toEqual([403, 'SCOPE_NOT_HELD']);
    expect(await patch({ trust: 'direct' })).toEqual([403, 'SCOPE_NOT_HELD']);
    expect(await patch({ ceiling: ['records:read:orders'] })).toEqual([200]);
    await elsewhere.down();
  });

  it('cannot take one that is taken, nor this deployment, nor one without keys', async () => {
    await register();
    const outcome = async (json: object) =>
      outcomeOf(
        await owner.request<Problem>('/v1/issuers', {
          method: 'POST',
          json: { issuer: 'https://idp.example', audience: 'x', scopeMapping: [], ceiling: [], ...json },
        }),
      );
    const { jwksUri } = company;

    expect(await outcome({ issuer: company.issuer, jwksUri })).toEqual([409, 'ISSUER_TAKEN']);
    expect(await outcome({ issuer: owner.url, jwksUri })).toEqual([422, 'ISSUER_INVALID']);
    expect(await outcome({ issuer: `${owner.url}/public-keys/${'0'.repeat(24)}`, jwksUri })).toEqual([
      422,
      'ISSUER_INVALID',
    ]);
    expect(await outcome({ jwksUri: `${company.issuer}/nothing` })).toEqual([422, 'ISSUER_KEYS_UNAVAILABLE']);
    expect(await outcome({})).toEqual([422, 'VALIDATION_FAILED']);
    expect(await outcome({ jwksUri, jwks: { keys: [{}] } })).toEqual([422, 'VALIDATION_FAILED']);
  });
});
