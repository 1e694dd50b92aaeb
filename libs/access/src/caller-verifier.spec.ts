import { KeyportError } from '@keyport/contracts';
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import { CallerVerifier } from './caller-verifier.ts';
import { busAudience, maxGrantLifetimeSeconds, tokenTypes } from './claims.ts';
import type { KeyView } from './key-view.ts';
import type { Revocable, RevocationView } from './revocation-view.ts';
import { maxTokenBytes } from './strict-jws.ts';
import { nowSeconds } from './verify.ts';

type Pair = { publicKey: CryptoKey; privateKey: CryptoKey };
let gateway: Pair;
let auth: Pair;

beforeAll(async () => {
  gateway = await generateKeyPair('ES256');
  auth = await generateKeyPair('ES256');
});

/** What the views would say; tests change it. */
const world = { ready: true, revoked: new Set<string>(), lookups: 0 };

beforeEach(() => {
  Object.assign(world, { ready: true, revoked: new Set<string>(), lookups: 0 });
});

const keyView = (kid: string, key: () => CryptoKey) =>
  ({
    isReady: true,
    find: async (wanted: string) => {
      world.lookups += 1;
      return wanted === kid ? key() : undefined;
    },
  }) as unknown as KeyView;

const revocations = {
  get isReady() {
    return world.ready;
  },
  isRevoked: ({ tokenId, keyId, ancestors }: Revocable) =>
    [tokenId, keyId, ...ancestors].some((id) => id !== undefined && world.revoked.has(id)),
} as unknown as RevocationView;

const verifier = () =>
  new CallerVerifier(
    keyView('gateway-1', () => gateway.publicKey),
    keyView('keyport-1', () => auth.publicKey),
    revocations,
  );

const claims = { iss: 'https://keyport.example', sub: 'user-1', aud: busAudience, scope: 'records:read:orders' };

function context(changes: Record<string, unknown> = {}, lifetimeSeconds = 60, signer = gateway, kid = 'gateway-1') {
  const iat = nowSeconds();
  return new SignJWT({
    ...claims,
    jti: 'token-1',
    key: 'key-1',
    anc: ['parent'],
    iat,
    exp: iat + lifetimeSeconds,
    ...changes,
  })
    .setProtectedHeader({ kid, typ: tokenTypes.context, alg: 'ES256' })
    .sign(signer.privateKey);
}

function grant(changes: Record<string, unknown> = {}, signer = auth, kid = 'keyport-1') {
  const iat = nowSeconds();
  const exp = iat + maxGrantLifetimeSeconds;
  return new SignJWT({
    ...claims,
    jti: '00000000000000aa',
    src: 'token-1',
    key: 'key-1',
    anc: ['parent'],
    iat,
    exp,
    ...changes,
  })
    .setProtectedHeader({ kid, typ: tokenTypes.grant, alg: 'ES256' })
    .sign(signer.privateKey);
}

const codeOf = (authority: Promise<string>, by = verifier()) =>
  authority
    .then((text) => by.verify(text))
    .then(
      () => 'accepted',
      (error: unknown) => (error instanceof KeyportError ? error.code : error),
    );

describe('CallerVerifier', () => {
  it('reads who asks, and with what rights, from a caller context', async () => {
    const authority = await context();

    const caller = await verifier().verify(authority);

    expect(caller.identity).toEqual({
      issuer: 'https://keyport.example',
      subject: 'user-1',
      tokenId: 'token-1',
      keyId: 'key-1',
      ancestors: ['parent'],
      scopes: ['records:read:orders'],
      jobId: undefined,
    });
    expect(caller.principal).toBe('https://keyport.example|user-1');
    expect(caller.authority).toBe(authority);
  });

  it('reads the job, and the token it came from, from a grant', async () => {
    const { identity } = await verifier().verify(await grant());

    expect(identity).toMatchObject({ jobId: '00000000000000aa', tokenId: 'token-1', keyId: 'key-1' });
  });

  it.each([
    ['a context that auth signed', () => context({}, 60, auth, 'keyport-1')],
    ['a grant that a gateway signed', () => grant({}, gateway, 'gateway-1')],
    ['a grant that a gateway signed under the kid of auth', () => grant({}, gateway)],
    ['a context of more than a minute', () => context({}, 61)],
    ['a context for another audience', () => context({ aud: 'https://keyport.example' })],
    ['a context that has expired', () => context({ iat: nowSeconds() - 60, exp: nowSeconds() - 6 })],
    ['a grant without its source', () => grant({ src: undefined })],
    ['a grant of more than thirty days', () => grant({ exp: nowSeconds() + maxGrantLifetimeSeconds + 60 })],
    ['a text', async () => 'hello'],
  ])('refuses %s', async (_name, make) => {
    expect(await codeOf(make())).toBe('CONTEXT_INVALID');
  });

  it('takes the context of the largest access token there can be', async () => {
    const scope = Array.from({ length: 60 }, (_, at) => `records:read:${'x'.repeat(60)}-${at}`).join(' ');

    const authority = await context({ scope: scope.padEnd(5_900, ' x') });

    expect(authority.length).toBeGreaterThan(maxTokenBytes);
    expect(await codeOf(Promise.resolve(authority))).toBe('accepted');
  });

  it.each(['token-1', 'key-1', 'parent'])(
    'asks on each request, after the cache, whether %s was revoked',
    async (id) => {
      const by = verifier();
      const [asPerson, asJob] = [await context(), await grant()];
      await by.verify(asPerson);
      await by.verify(asJob);

      world.revoked.add(id);

      expect(await codeOf(Promise.resolve(asPerson), by)).toBe('TOKEN_REVOKED');
      expect(await codeOf(Promise.resolve(asJob), by)).toBe('RIGHTS_LOST');
    },
  );

  it('admits a revoked grant where it is told to, as a caller who may nothing, and never a revoked context', async () => {
    const by = verifier();
    const [asPerson, asJob] = [await context(), await grant()];
    const before = await by.verify(asJob, { admitsRevokedGrants: true });
    world.revoked.add('token-1');

    const caller = await by.verify(asJob, { admitsRevokedGrants: true });

    expect([before.isRevoked, before.may('records:read', 'orders')]).toEqual([false, true]);
    expect([caller.isRevoked, caller.may('records:read', 'orders')]).toEqual([true, false]);
    expect(() => caller.require('records:read', 'orders')).toThrow(expect.objectContaining({ code: 'RIGHTS_LOST' }));
    expect(await codeOf(by.verify(asPerson, { admitsRevokedGrants: true }).then(() => asPerson))).toBe('TOKEN_REVOKED');
  });

  it('verifies the signature of the same context once', async () => {
    const by = verifier();
    const authority = await context();

    for (let times = 0; times < 3; times += 1) await by.verify(authority);

    expect(world.lookups).toBe(1);
  });

  it('answers nobody while it cannot know what is revoked', async () => {
    world.ready = false;

    expect(await codeOf(context())).toBe('SERVICE_UNAVAILABLE');
  });
});
