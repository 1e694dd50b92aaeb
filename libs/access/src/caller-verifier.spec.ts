import { KeyportError, type AuthorizationDetail } from '@keyport/contracts';
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import { CallerVerifier } from './caller-verifier.ts';
import { busAudience, maxGrantLifetimeSeconds, tokenTypes } from './claims.ts';
import { FakeWorld } from './harness/fake-world.ts';
import { maxTokenBytes } from './strict-jws.ts';
import { nowSeconds } from './verify.ts';

type Pair = { publicKey: CryptoKey; privateKey: CryptoKey };
let gateway: Pair;
let auth: Pair;
let world: FakeWorld;

beforeAll(async () => {
  gateway = await generateKeyPair('ES256');
  auth = await generateKeyPair('ES256');
});

beforeEach(() => {
  world = new FakeWorld();
  world.contextKeys.set('gateway-1', gateway.publicKey);
  world.signingKeys.set('keyport-1', auth.publicKey);
});

const userId = '0123456789abcdef01234567';
const verifier = (staleAfterMs?: number) => new CallerVerifier(world.views, staleAfterMs);

const claims = { iss: 'https://keyport.example', sub: 'user-1', aud: busAudience, scope: 'records:read:orders' };

function context(changes: Record<string, unknown> = {}, lifetimeSeconds = 60, signer = gateway, kid = 'gateway-1') {
  const iat = nowSeconds();
  const exp = iat + lifetimeSeconds;
  return new SignJWT({ ...claims, jti: 'token-1', key: 'key-1', anc: ['parent'], iat, exp, ...changes })
    .setProtectedHeader({ kid, typ: tokenTypes.context, alg: 'ES256' })
    .sign(signer.privateKey);
}

function grant(changes: Record<string, unknown> = {}, signer = auth, kid = 'keyport-1') {
  const iat = nowSeconds();
  const exp = iat + maxGrantLifetimeSeconds;
  const job = { jti: '00000000000000aa', src: 'token-1', key: 'key-1', anc: ['parent'] };
  return new SignJWT({ ...claims, ...job, iat, exp, ...changes })
    .setProtectedHeader({ kid, typ: tokenTypes.grant, alg: 'ES256' })
    .sign(signer.privateKey);
}

const codeOf = (authority: Promise<string> | string, by = verifier()) =>
  Promise.resolve(authority)
    .then((text) => by.verify(text))
    .then(
      () => 'accepted',
      (error: unknown) => (error instanceof KeyportError ? error.code : error),
    );

const clientId = `client-${'c'.repeat(24)}`;

describe('CallerVerifier', () => {
  it('reads who asks, and with what rights, from a caller context', async () => {
    const details: AuthorizationDetail[] = [
      { type: 'keyport_dataset', datasets: ['orders'], actions: ['records:read'], fields: ['total'] },
    ];
    const token = { tiat: 1_700_000_000, tkid: 'keyport-0', cid: 'keyport', sid: 'session-1' };
    const authority = await context({ ...token, authorization_details: details });

    const caller = await verifier().verify(authority);

    expect(caller.identity).toEqual({
      issuer: 'https://keyport.example',
      subject: 'user-1',
      tokenId: 'token-1',
      issuedAt: 1_700_000_000,
      signedBy: 'keyport-0',
      keyId: 'key-1',
      sessionId: 'session-1',
      publicKeyId: undefined,
      userId: undefined,
      clientId: 'keyport',
      ancestors: ['parent'],
      scopes: ['records:read:orders'],
      details,
      jobId: undefined,
    });
    expect(caller.principal).toBe('https://keyport.example|user-1');
    expect(caller.authority).toBe(authority);
    expect(caller.limitsOn('records:read', 'orders')).toEqual([{ filter: undefined, fields: ['total'] }]);
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
    expect(await codeOf(authority)).toBe('accepted');
  });

  it.each([
    ['the token', { level: 'jti', jti: 'token-1' }],
    ['its key', { level: 'key', keyId: 'key-1' }],
    ['what it was minted through', { level: 'jti', jti: 'parent' }],
    ['its session', { level: 'sid', sessionId: 'session-1' }],
    ['its client', { level: 'client', clientId: 'keyport' }],
    ['its principal', { level: 'sub', subject: 'user-1' }],
    ['its issuer', { level: 'iss', issuer: undefined }],
    ['the key that signed it', { level: 'kid', kid: 'keyport-0' }],
  ] as const)('asks on each request, after the cache, whether %s was revoked', async (_name, target) => {
    const by = verifier();
    const token = { sid: 'session-1', cid: 'keyport', tkid: 'keyport-0', tiat: nowSeconds() };
    const [asPerson, asJob] = [await context(token), await grant(token)];
    await by.verify(asPerson);
    await by.verify(asJob);

    world.revoke(target);

    expect(await codeOf(asPerson, by)).toBe('TOKEN_REVOKED');
    expect(await codeOf(asJob, by)).toBe('RIGHTS_LOST');
  });

  it('admits a revoked grant where it is told to, as a caller who may nothing, and never a revoked context', async () => {
    const by = verifier();
    const [asPerson, asJob] = [await context(), await grant()];
    const before = await by.verify(asJob, { admitsRevokedGrants: true });
    world.revoke({ level: 'jti', jti: 'token-1' });

    const caller = await by.verify(asJob, { admitsRevokedGrants: true });

    expect([before.isRevoked, before.may('records:read', 'orders')]).toEqual([false, true]);
    expect([caller.isRevoked, caller.may('records:read', 'orders')]).toEqual([true, false]);
    expect(caller.limitsOn('records:read', 'orders')).toBe('none');
    expect(() => caller.require('records:read', 'orders')).toThrow(expect.objectContaining({ code: 'RIGHTS_LOST' }));
    const admitted = by.verify(asPerson, { admitsRevokedGrants: true }).then(() => asPerson);
    expect(await codeOf(admitted)).toBe('TOKEN_REVOKED');
  });

  it('verifies the signature of the same context once, asked for again or at the same time', async () => {
    const by = verifier();
    const authority = await context();

    await Promise.all([by.verify(authority), by.verify(authority)]);
    await by.verify(authority);

    expect(world.lookups).toBe(1);
  });

  it('believes no remembered context or grant whose key is known no more', async () => {
    const by = verifier();
    const [asPerson, asJob] = [await context(), await grant()];
    await by.verify(asPerson);
    await by.verify(asJob);

    world.contextKeys.delete('gateway-1');
    world.signingKeys.delete('keyport-1');

    expect(await codeOf(asPerson, by)).toBe('CONTEXT_INVALID');
    expect(await codeOf(asJob, by)).toBe('CONTEXT_INVALID');
  });

  it.each(['signing-keys', 'revocations', 'rights', 'context-keys'])(
    'answers nobody before it has read the %s',
    async (view) => {
      world.unread.add(view);

      const error = await verifier()
        .verify(await context())
        .catch((refusal: unknown) => refusal);

      expect(error).toMatchObject({ code: 'SERVICE_UNAVAILABLE', errors: [{ path: view, code: 'not_read' }] });
    },
  );

  it('answers nobody once it was out of touch with JetStream for too long, unless told to', async () => {
    world.contactAt = Date.now() - 61_000;

    expect(await codeOf(context(), verifier(60_000))).toBe('SERVICE_UNAVAILABLE');
    expect(await codeOf(context(), verifier(62_000))).toBe('accepted');
    expect(await codeOf(context(), verifier(0))).toBe('accepted');
  });
});

describe('the rights of the moment', () => {
  const mine = { sub: userId, usr: userId, scope: 'records:read:orders records:update:orders' };

  it('cut what a context says, again with each change', async () => {
    const by = verifier();
    const authority = await context(mine);
    world.user(userId, ['records:*:*']);
    const before = await by.verify(authority);

    world.user(userId, ['records:read:*']);
    const after = await by.verify(authority);

    expect(before.scopes).toEqual(['records:read:orders', 'records:update:orders']);
    expect(after.scopes).toEqual(['records:read:orders']);
    expect(after.may('records:update', 'orders')).toBe(false);
    expect(() => after.require('records:update', 'orders')).toThrow(
      expect.objectContaining({ code: 'INSUFFICIENT_SCOPE', errors: [expect.objectContaining({ path: 'owner' })] }),
    );
  });

  it('cut by the ceiling of the key too', async () => {
    world.user(userId, ['*'], { role: 'owner' });
    world.ceiling('key-1', ['records:read:*']);

    const caller = await verifier().verify(await context(mine));

    expect(caller.scopes).toEqual(['records:read:orders']);
  });

  it('give the same caller for as long as they stay the same', async () => {
    const by = verifier();
    const authority = await context(mine);
    world.user(userId, ['*']);
    const before = await by.verify(authority);

    world.user('ffffffffffffffffffffffff', ['*']);

    expect(await by.verify(authority)).toBe(before);
  });

  it.each([
    ['disabled', () => world.user(userId, ['*'], { disabled: true })],
    ['deleted', () => world.forgetUser(userId)],
  ])('are none of a user who was %s', async (_how, end) => {
    const by = verifier();
    world.user(userId, ['*']);
    const tiat = nowSeconds() - 600;
    const [asPerson, asJob] = [await context({ ...mine, tiat }), await grant({ ...mine, tiat })];
    await by.verify(asPerson);
    await by.verify(asJob);

    end();

    expect(await codeOf(asPerson, by)).toBe('TOKEN_REVOKED');
    expect(await codeOf(asJob, by)).toBe('RIGHTS_LOST');
    expect((await by.verify(asJob, { admitsRevokedGrants: true })).isRevoked).toBe(true);
  });

  it('end a job that lost one of the rights it began with, and no other', async () => {
    const by = verifier();
    world.user(userId, ['*']);
    const [loses, keeps] = [await grant(mine), await grant({ ...mine, scope: 'records:read:orders' })];
    await by.verify(loses);

    world.user(userId, ['records:read:ord*']);

    expect(await codeOf(loses, by)).toBe('RIGHTS_LOST');
    expect(await codeOf(keeps, by)).toBe('accepted');
    expect((await by.verify(loses, { admitsRevokedGrants: true })).isRevoked).toBe(true);
  });

  it('are waited for where the token was made a moment ago, and not for long', async () => {
    const by = verifier();
    const asked = by.verify(await context({ ...mine, tiat: nowSeconds() }));
    await world.someoneWaits();
    world.user(userId, ['*']);

    expect((await asked).may('records:read', 'orders')).toBe(true);
  });

  it('are those of its client, which is waited for where it was made a moment ago, and end with it', async () => {
    const by = verifier();
    const ofClient = await context({ sub: clientId, cid: clientId, tiat: nowSeconds(), scope: 'records:read:*' });

    const asked = by.verify(ofClient);
    await world.someoneWaits();
    world.client(clientId, ['records:read:orders']);

    expect((await asked).scopes).toEqual(['records:read:orders']);
    world.client(clientId, []);
    expect((await by.verify(ofClient)).scopes).toEqual([]);
    world.forgetClient(clientId);
    expect(await codeOf(ofClient, by)).toBe('TOKEN_REVOKED');
  });

  it('are not those of a user for what belongs to none', async () => {
    const caller = await verifier().verify(await context({ sub: 'service:import' }));

    expect(caller.scopes).toEqual(['records:read:orders']);
  });
});
