import type { IssuerRights } from '@keyport/contracts';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose';
import { DirectTokens, identityOfExternal, namedIssuer, verifyExternal, type ExternalKind } from './external-tokens.ts';
import { FakeWorld } from './harness/fake-world.ts';
import { Holder } from './holder.ts';
import { authorityClaims, identityOfAuthority } from './identity.ts';
import { Judge } from './judge.ts';
import { revocationKeysOf } from './revocation-keys.ts';
import { TokenFault } from './token-fault.ts';

const iss = 'https://idp.example';
const now = () => Math.floor(Date.now() / 1000);
let key: CryptoKey;
let issuer: IssuerRights;

beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  key = privateKey;
  const jwk = { ...(await exportJWK(publicKey)), kty: 'RSA', kid: 'a+/=' };
  issuer = {
    ...{ kind: 'issuer', issuer: iss, audience: 'keyport', typ: null, trust: 'direct', maxLifetimeSeconds: 600 },
    scopeMapping: [{ claim: 'groups', value: 'data', scopes: ['records:read:orders', 'audit:read'] }],
    ceiling: ['records:read:*'],
    keys: [
      { ...jwk, alg: 'RS256' },
      { ...jwk, alg: 'PS256' },
    ],
  };
});

const token = (claims: JWTPayload = {}, header: object = {}, by = key) =>
  new SignJWT({
    iss,
    sub: 'alice',
    aud: 'keyport',
    iat: now(),
    exp: now() + 60,
    jti: 'x/y',
    groups: ['data'],
    ...claims,
  })
    .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: 'a+/=', ...header })
    .sign(by);

const checkOf = async (text: string, kind: ExternalKind = 'accessToken', entry = issuer) => {
  try {
    await verifyExternal(text, entry, { kind, isIdentified: true });
    return 'none';
  } catch (error) {
    if (error instanceof TokenFault) return error.check;
    throw error;
  }
};

describe('A token of another issuer', () => {
  it.each<[ExternalKind, string | undefined, string]>([
    ['accessToken', 'at+jwt', 'none'],
    ['accessToken', 'application/at+jwt', 'none'],
    ['accessToken', 'AT+JWT', 'none'],
    ['accessToken', 'JWT', 'type'],
    ['accessToken', undefined, 'type'],
    ['idToken', 'JWT', 'none'],
    ['idToken', undefined, 'none'],
    ['idToken', 'at+jwt', 'type'],
    ['idToken', 'logout+jwt', 'type'],
    ['assertion', 'at+jwt', 'type'],
    ['any', 'at+jwt', 'none'],
    ['any', 'keyport-context+jwt', 'type'],
  ])('as %s with typ %s fails the check: %s', async (kind, typ, check) => {
    expect(await checkOf(await token({}, { typ }), kind)).toBe(check);
  });

  it('has the typ that its issuer is registered with, and no other', async () => {
    const entry = { ...issuer, typ: 'application/company+jwt' };

    expect(await checkOf(await token({}, { typ: 'company+jwt' }), 'accessToken', entry)).toBe('none');
    expect(await checkOf(await token(), 'accessToken', entry)).toBe('type');
  });

  it.each<[string, string, JWTPayload, object]>([
    ['a list of one audience', 'none', { aud: ['keyport'] }, {}],
    ['two audiences', 'claims', { aud: ['keyport', 'other'] }, {}],
    ['another audience', 'audience', { aud: 'other' }, {}],
    ['another issuer', 'issuer', { iss: `${iss}/` }, {}],
    ['no id', 'claims', { jti: undefined }, {}],
    ['a fraction of a second', 'claims', { exp: now() + 60.5 }, {}],
    ['too long a life', 'time', { exp: now() + 700 }, {}],
    ['a thumbprint beside its kid', 'none', {}, { x5t: 'x' }],
    ['a certificate', 'header', {}, { x5c: ['x'] }],
    ['a kid with a space', 'header', {}, { kid: 'a b' }],
    ['an algorithm that the key is not for', 'key', {}, { alg: 'PS256' }],
    ['a key of nobody', 'key', {}, { kid: 'b' }],
    ['a key bound to it by a certificate', 'claims', { cnf: { 'x5t#S256': 'x' } }, {}],
    ['claims of a session and a key of this deployment', 'none', { sid: 'x', key: 1, anc: 'x', scope: 5 }, {}],
  ])('with %s fails the check: %s', async (_what, check, claims, header) => {
    const text = await token(claims, header).catch(() => undefined);
    // jose signs with the algorithm of the key alone: the header is then put in the place of the good one's.
    const good = await token(claims);
    const [, payload, signature] = good.split('.');
    const forged = [
      Buffer.from(JSON.stringify({ alg: 'RS256', typ: 'at+jwt', kid: 'a+/=', ...header })).toString('base64url'),
      payload,
      signature,
    ].join('.');

    expect(await checkOf(text ?? forged)).toBe(check);
  });

  it('whose signature is not good tells nothing of what else is wrong', async () => {
    const { privateKey } = await generateKeyPair('RS256');

    expect(await checkOf(await token({ aud: 'other' }, {}, privateKey))).toBe('key');
  });
});

describe('The identity of a token of another issuer', () => {
  const identity = (claims: object = {}) =>
    identityOfExternal(
      { iss, sub: 'alice', aud: 'keyport', iat: 1, exp: 2, jti: 'x/y', groups: ['data'], ...claims },
      'k',
      'i1',
      issuer,
    );

  it('is no user, client or key of this deployment, whatever it says', () => {
    expect(identity({ sub: '0'.repeat(24), client_id: `client-${'0'.repeat(24)}`, key: 'k', sid: 's' })).toMatchObject({
      ...{ userId: undefined, clientId: undefined, keyId: undefined, sessionId: undefined },
    });
  });

  it('is the same in the context that a gateway signs', () => {
    const before = identity();
    const claims = { ...authorityClaims(before), aud: 'keyport-bus', iat: 5, exp: 6, jti: before.tokenId };

    const after = identityOfAuthority({ ...claims, scope: before.scopes.join(' '), anc: [] } as never, 'gateway-1');

    expect({ ...after, jobId: undefined }).toEqual({ ...before, jobId: undefined });
  });

  it('is revoked by names of its issuer, and by none of this deployment', () => {
    const keys = revocationKeysOf(identity({ jti: 'token-1' }));

    expect(keys.some((name) => name === 'jti.token-1')).toBe(false);
    expect(keys.filter((name) => name.startsWith('jti.'))).toHaveLength(1);
    expect(revocationKeysOf(identity({ iss: 'https://other.example' }))).not.toEqual(keys);
  });

  it('may no more than the ceiling, and nothing once its issuer is gone, another, or not trusted so any more', async () => {
    const world = new FakeWorld();
    const judge = new Judge(world.views, 0);
    const holder = new Holder(identity(), now() + 60);
    const rightsNow = () => {
      const rights = judge.rightsNow(holder);
      return 'check' in rights ? rights.check : rights.scopes;
    };

    expect(rightsNow()).toBe('issuer');
    world.issuer('i1', { issuer: iss, ceiling: ['records:read:*'] });
    expect(rightsNow()).toEqual(['records:read:orders']);
    world.issuer('i1', { issuer: 'https://other.example', ceiling: ['records:read:*'] });
    expect(rightsNow()).toBe('issuer');
    world.issuer('i1', { issuer: iss, ceiling: ['records:read:*'], trust: 'exchange' });
    expect(rightsNow()).toBe('issuer');
    world.forgetIssuer('i1');
    expect(rightsNow()).toBe('issuer');
  });
});

describe('Whose rules a token is judged by', () => {
  const direct = (own: string[] = []) =>
    new DirectTokens(
      {
        signingKeys: { issuers: () => own },
        rights: {
          hasDirectIssuers: true,
          directIssuerId: (name: string) => (name === iss ? 'i1' : undefined),
          issuer: () => issuer,
        },
      },
      'https://keyport.example',
    );

  it('are those of the issuer that it names, where that is registered so', async () => {
    expect(direct().issuerOf(await token())).toEqual({ issuerId: 'i1', kid: 'a+/=' });
    expect(direct().issuerOf(await token({ iss: 'https://other.example' }))).toBeUndefined();
  });

  it('are those of this deployment for all its names, also where another is registered by one of them', async () => {
    expect(direct([iss]).issuerOf(await token())).toBeUndefined();
    expect(direct().issuerOf(await token({ iss: 'https://keyport.example' }))).toBeUndefined();
  });

  it.each(['', 'a', 'a.b', 'a.b.c', '{}.{}.{}', `${'x'.repeat(9_000)}.a.b`])(
    'are those of this deployment for what cannot be read (%#)',
    (text) => {
      expect(namedIssuer(text)).toBeUndefined();
    },
  );
});
