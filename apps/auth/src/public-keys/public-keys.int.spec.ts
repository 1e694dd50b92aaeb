import { generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';
import {
  accessClaims,
  accessKeyFinder,
  Holder,
  identityOf,
  Judge,
  KeyView,
  Refusal,
  RevocationView,
  RightsView,
  tokenTypes,
  verifyToken,
} from '@keyport/access';
import {
  buckets,
  createKey,
  createPublicKey,
  getPublicKey,
  listPublicKeys,
  revokeKey,
  revokePublicKey,
  type ReplyOf,
} from '@keyport/contracts';
import { eventually, quickest, whoHas, type GatewayDouble, type Who } from '@keyport/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestMicroservice } from '@nestjs/common';
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import { AuthSystem } from '../harness/auth-system.ts';
import { Team } from '../harness/team.ts';
import { ProjectionsService } from '../projections/projections.service.ts';

type Registered = ReplyOf<typeof createPublicKey>;

const publicUrl = 'http://127.0.0.1:3000';
const day = 24 * 3600;

let system: AuthSystem;
let service: INestMicroservice;
let gateway: GatewayDouble;
let team: Team;
let owner: Who;
let signingKeys: KeyView;
let revocations: RevocationView;
let rights: RightsView;
let judge: Judge;

beforeAll(async () => {
  system = await AuthSystem.start();
  service = await system.serve();
  gateway = await system.gateway();
  team = await Team.of(system, gateway);
  owner = team.owner;
  const bus = await system.servers.connectionOf('gateway');
  signingKeys = new KeyView(bus, buckets.jwks, { needsMarker: true, awaitNewKeys: false });
  revocations = new RevocationView(bus);
  rights = new RightsView(bus);
  judge = new Judge({ signingKeys, revocations, rights }, 0);
  for (const view of [signingKeys, revocations, rights]) view.start();
  await eventually(
    () => judge.gaps().length,
    (count) => count === 0,
  );
});

afterAll(async () => {
  for (const view of [signingKeys, revocations, rights]) view.stop();
  await system.stop();
});

const kinds: Record<string, () => { publicKey: KeyObject; privateKey: KeyObject }> = {
  EdDSA: () => generateKeyPairSync('ed25519'),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  PS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
};

const jwkOf = (key: KeyObject) => key.export({ format: 'jwk' }) as Record<string, unknown>;

async function register(who: Who, scopes: string[], request: object = {}) {
  const pair = generateKeyPairSync('ed25519');
  const asked = { name: 'build server', jwk: jwkOf(pair.publicKey), scopes, ...request };
  return { ...pair, registered: await gateway.ask(createPublicKey, asked, who) };
}

const refusal = (who: Who, request: object) =>
  gateway.refusal(
    createPublicKey,
    { name: 'x', jwk: jwkOf(generateKeyPairSync('ed25519').publicKey), scopes: ['keys:read'], ...request },
    who,
  );

/** As a customer signs one, with what the registration told alone. */
function sign({ kid, alg, issuer, subject, audience }: Registered, key: KeyObject, scope: string, claims: object = {}) {
  const iat = Math.floor(Date.now() / 1000);
  return new SignJWT({ scope, iat, exp: iat + 60, jti: randomUUID(), iss: issuer, sub: subject, ...claims })
    .setProtectedHeader({ kid, typ: 'at+jwt', alg })
    .setAudience(audience)
    .sign(key);
}

/** What the token may do now; a refusal where it is good for nothing. */
async function judged(token: string): Promise<readonly string[] | Refusal> {
  const { claims, kid } = await verifyToken(token, {
    typ: tokenTypes.access,
    claims: accessClaims,
    audiences: [publicUrl],
    key: accessKeyFinder({ signingKeys, rights }, publicUrl),
  });
  const now = await judge.rightsOf(new Holder(identityOf(claims, kid, rights.publicKey(kid)), claims.exp));
  return now instanceof Refusal ? now : now.scopes;
}

/** What a gateway would put into the context of somebody with this token. */
function whoSigned(token: string): Who {
  const kid = decodeProtectedHeader(token).kid ?? '';
  const entry = rights.publicKey(kid);
  const anc = entry?.ancestors ?? [];
  return { ...whoHas(token), pk: kid, usr: entry?.userId ?? '', ...(anc.length > 0 && { anc }) };
}

describe('a registered public key', () => {
  it.each(Object.entries(kinds))('verifies what its private half signs, at once: %s', async (alg, make) => {
    const { publicKey, privateKey } = make();
    const request = { name: ' build server ', jwk: jwkOf(publicKey), scopes: ['records:read:*', 'records:read:*'] };

    const registered = await gateway.ask(createPublicKey, request, owner);
    const token = await sign(registered, privateKey, 'records:read:orders');

    expect(await judged(token)).toEqual(['records:read:orders']);
    expect(registered).toMatchObject({
      owner: owner.sub,
      name: 'build server',
      kid: `pk-${registered.id}`,
      issuer: `${publicUrl}/public-keys/${registered.id}`,
      subject: owner.sub,
      audience: publicUrl,
      alg,
      scopes: ['records:read:*'],
      maxLifetimeSeconds: 3600,
      ...{ expiresAt: null, revokedAt: null, limits: {} },
    });
    expect(registered.jwk).toEqual({ ...jwkOf(publicKey), kid: registered.kid, alg, use: 'sig' });
    expect(await gateway.ask(getPublicKey, { publicKeyId: registered.id }, owner)).toEqual(registered);
  });

  it('gives no more than its scopes, and no more than its user may now', async () => {
    const alice = await team.member(['public-keys:*', 'records:*:*']);
    const { privateKey, registered } = await register(alice, ['records:read:*']);
    const token = await sign(registered, privateKey, 'records:read:orders records:delete:orders keys:read');
    expect(await judged(token)).toEqual(['records:read:orders']);

    await team.setScopes(alice, ['records:read:invoices']);

    expect(
      await eventually(
        () => judged(token),
        (now) => Array.isArray(now) && now.length === 0,
      ),
    ).toEqual([]);
  });

  it.each([
    ['another issuer', (_: Registered) => ({ iss: publicUrl })],
    ['somebody else', (_: Registered) => ({ sub: 'f'.repeat(24) })],
    ['a longer life', ({ maxLifetimeSeconds }: Registered) => ({ exp: nowPlus(maxLifetimeSeconds + 1) })],
    ['an API key', (_: Registered) => ({ key: 'f'.repeat(24) })],
    ['a session', (_: Registered) => ({ sid: 's' })],
    ['ancestors', (_: Registered) => ({ anc: ['a'] })],
  ])('does not verify a token that speaks of %s', async (_name, claims) => {
    const { privateKey, registered } = await register(owner, ['*'], { maxLifetimeSeconds: 600 });

    await expect(judged(await sign(registered, privateKey, '*', claims(registered)))).rejects.toThrow();
    expect(await judged(await sign(registered, privateKey, '*'))).toEqual(['*']);
  });

  it('does not verify what another key signed', async () => {
    const [one, other] = [await register(owner, ['*']), await register(owner, ['*'])];

    await expect(judged(await sign(one.registered, other.privateKey, '*'))).rejects.toThrow(/^key:/);
  });
});

const nowPlus = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

describe('revoking a public key', () => {
  it('ends its tokens and the keys minted through them, everywhere, within a second', async () => {
    const tried = async () => {
      const { privateKey, registered } = await register(owner, ['*']);
      const token = await sign(registered, privateKey, '*');
      expect(await judged(token)).toEqual(['*']);
      const minted = await gateway.ask(createKey, { name: 'k', scopes: ['keys:*'] }, whoSigned(token));
      const grandchild = await gateway.ask(createKey, { name: 'k', scopes: ['keys:read'] }, whoHas(minted.token));
      expect(decodeJwt(grandchild.token)).toMatchObject({ anc: [minted.key.id, registered.kid] });

      await gateway.ask(revokePublicKey, { publicKeyId: registered.id }, owner);

      const answered = Date.now();
      await eventually(
        () => rights.publicKey(registered.kid),
        (entry) => entry === undefined,
      );
      for (const { token: ended } of [minted, grandchild])
        await eventually(
          () => judged(ended),
          (now) => now instanceof Refusal,
        );
      const ms = Date.now() - answered;
      await expect(judged(await sign(registered, privateKey, '*'))).rejects.toThrow(/^key:/);
      expect(await gateway.ask(getPublicKey, { publicKeyId: registered.id }, owner)).not.toMatchObject({
        revokedAt: null,
      });
      return ms;
    };

    expect(await quickest(1_000, tried)).toBeLessThan(1_000);
  });

  it('is kept on the bus for as long as a key minted through it could live', async () => {
    const { registered } = await register(owner, ['*']);

    await gateway.ask(revokePublicKey, { publicKeyId: registered.id }, owner);

    const stored = await system.database.collection('revocations').findOne({ key: `jti.${registered.kid}` });
    expect((stored?.['endsAt'] as Date).getTime()).toBeGreaterThan(Date.now() + 10 * 365 * day * 1000);
  });

  it('twice changes nothing, and lets the same key be registered again', async () => {
    const { publicKey, registered } = await register(owner, ['*']);
    const again = { name: 'again', jwk: jwkOf(publicKey), scopes: ['*'] };
    await gateway.ask(revokePublicKey, { publicKeyId: registered.id }, owner);
    const first = await gateway.ask(getPublicKey, { publicKeyId: registered.id }, owner);

    await gateway.ask(revokePublicKey, { publicKeyId: registered.id }, owner);
    const second = await gateway.ask(createPublicKey, again, owner);

    expect(await gateway.ask(getPublicKey, { publicKeyId: registered.id }, owner)).toEqual(first);
    expect(second.kid).not.toBe(registered.kid);
  });

  it('is completed where the process died before it could tell', async () => {
    const { privateKey, registered } = await register(owner, ['*']);
    const token = await sign(registered, privateKey, '*');
    const minted = await gateway.ask(createKey, { name: 'k', scopes: ['keys:*'] }, whoSigned(token));
    const change = { revokedAt: new Date(), thumbprint: null };
    await system.database
      .collection<{ _id: string }>('public-keys')
      .updateOne({ _id: registered.id }, { $set: change });

    await service.get(ProjectionsService).reconcile();

    await eventually(
      () => rights.publicKey(registered.kid),
      (entry) => entry === undefined,
    );
    await eventually(
      () => judged(minted.token),
      (now) => now instanceof Refusal,
    );
  });
});

describe('a public key registered through a key', () => {
  const expiresInSeconds = 3600;

  it('ends with the key', async () => {
    const parent = await gateway.ask(createKey, { name: 'k', scopes: ['*'] }, owner);
    const { privateKey, registered } = await register(whoHas(parent.token), ['*']);
    const token = await sign(registered, privateKey, '*');
    expect(await judged(token)).toEqual(['*']);
    const minted = await gateway.ask(createKey, { name: 'k', scopes: ['*'] }, whoSigned(token));
    expect(decodeJwt(minted.token)).toMatchObject({ anc: [registered.kid, parent.key.id] });
    const before = new Holder(
      identityOf(accessClaims.parse(decodeJwt(token)), registered.kid, rights.publicKey(registered.kid)),
      0,
    );

    await gateway.ask(revokeKey, { keyId: parent.key.id }, owner);

    await eventually(
      () => judge.rightsNow(before),
      (now) => now instanceof Refusal,
    );
    await eventually(
      () => judged(minted.token),
      (now) => now instanceof Refusal,
    );
    expect(await gateway.ask(getPublicKey, { publicKeyId: registered.id }, owner)).not.toMatchObject({
      revokedAt: null,
    });
  });

  it('signs nothing that lives for longer than the key', async () => {
    const parent = await gateway.ask(createKey, { name: 'k', scopes: ['*'], expiresInSeconds }, owner);
    const { privateKey, registered } = await register(whoHas(parent.token), ['*'], { maxLifetimeSeconds: day });

    const exp = nowPlus(expiresInSeconds + 60);
    await expect(judged(await sign(registered, privateKey, '*', { exp }))).rejects.toThrow(/^time:/);

    expect(registered.expiresAt).toBe(parent.key.expiresAt);
    expect(await judged(await sign(registered, privateKey, '*'))).toEqual(['*']);
  });

  it('has its limits at most', async () => {
    const limits = { requestsPerSecond: 3 };
    const parent = await gateway.ask(createKey, { name: 'k', scopes: ['*'], limits }, owner);

    const { registered } = await register(whoHas(parent.token), ['*'], {
      limits: { requestsPerSecond: 300, burst: 2 },
    });

    expect(registered.limits).toEqual({ requestsPerSecond: 3, burst: 2 });
  });

  it('cannot lead around the rows that the key is narrowed to', async () => {
    const detail = { type: 'keyport_dataset' as const, datasets: ['*'], actions: ['records:*'], fields: ['total'] };
    const request = { name: 'k', scopes: ['*'], authorizationDetails: [detail] };
    const narrow = whoHas((await gateway.ask(createKey, request, owner)).token);

    for (const scope of ['*', 'records:read:orders'])
      expect(await refusal(narrow, { scopes: [scope] })).toMatchObject({ code: 'SCOPE_NOT_HELD', params: { scope } });
    expect(await refusal(narrow, { scopes: ['keys:read'] })).toBeUndefined();
  });
});

describe('registering a public key', () => {
  it.each([
    ['a scope that is none', { scopes: ['records:read'] }, 'VALIDATION_FAILED'],
    ['no scope', { scopes: [] }, 'VALIDATION_FAILED'],
    ['no name', { name: '' }, 'VALIDATION_FAILED'],
    ['no life', { maxLifetimeSeconds: 0 }, 'VALIDATION_FAILED'],
    ['a life of more than a year', { maxLifetimeSeconds: 367 * day }, 'VALIDATION_FAILED'],
    ['what does not exist', { kid: 'mine' }, 'VALIDATION_FAILED'],
    ['a JWK that is none', { jwk: 'x' }, 'VALIDATION_FAILED'],
    ['a JWK without a key', { jwk: {} }, 'PUBLIC_KEY_INVALID'],
    ['a private key', { jwk: jwkOf(generateKeyPairSync('ed25519').privateKey) }, 'PUBLIC_KEY_INVALID'],
  ])('refuses %s', async (_name, request, code) => {
    expect(await refusal(owner, request)).toMatchObject({ code });
  });

  it('refuses more than its maker may', async () => {
    const alice = await team.member(['public-keys:*', 'records:read:orders']);

    expect(await refusal(alice, { scopes: ['records:read:*'] })).toMatchObject({
      code: 'SCOPE_NOT_HELD',
      params: { scope: 'records:read:*' },
    });
  });

  it('refuses the same key of the same user twice, also at once, and says nothing of others', async () => {
    const jwk = jwkOf(generateKeyPairSync('ed25519').publicKey);
    const alice = await team.member(['public-keys:*', 'keys:read']);
    const request = { name: 'x', jwk, scopes: ['keys:read'] };

    const outcomes = await Promise.all([1, 2, 3].map(() => gateway.refusal(createPublicKey, request, owner)));

    expect(outcomes.filter((error) => error === undefined)).toHaveLength(1);
    for (const error of outcomes.filter(Boolean))
      expect(error).toMatchObject({ code: 'PUBLIC_KEY_INVALID', params: { reason: 'it is registered already' } });
    expect(await gateway.refusal(createPublicKey, request, alice)).toBeUndefined();
  });

  it.each([
    [createPublicKey, { name: 'x', jwk: {}, scopes: ['keys:read'] }, 'public-keys:create'],
    [listPublicKeys, {}, 'public-keys:read'],
    [getPublicKey, { publicKeyId: 'x' }, 'public-keys:read'],
    [revokePublicKey, { publicKeyId: 'x' }, 'public-keys:delete'],
  ])('and all that is done with them needs the right to: %#', async (contract, request, scope) => {
    const who = { ...owner, scope: 'keys:*' };

    expect(await gateway.refusal(contract, request as never, who)).toMatchObject({
      code: 'INSUFFICIENT_SCOPE',
      params: { scope },
    });
  });
});

describe('seeing public keys', () => {
  const idsSeenBy = async (who: Who, request: object = {}) =>
    (await gateway.ask(listPublicKeys, { limit: 1000, ...request }, who)).items.map(({ id }) => id);

  it('shows one their own, owners and admins those of others, and admins nothing of owners', async () => {
    const [alice, bob, admin] = [
      await team.member(['public-keys:*', 'keys:read']),
      await team.member(['public-keys:*', 'users:*', 'keys:read']),
      await team.admin(),
    ];
    const { id } = (await register(alice, ['keys:read'])).registered;
    const owners = (await register(owner, ['keys:read'])).registered;

    expect(await idsSeenBy(alice)).toEqual([id]);
    expect(await idsSeenBy(bob)).toEqual([]);
    for (const who of [owner, admin]) expect(await idsSeenBy(who, { owner: alice.sub })).toEqual([id]);
    expect(await idsSeenBy(admin, { owner: '*' })).not.toContain(owners.id);
    for (const [who, publicKeyId] of [
      [bob, id],
      [admin, owners.id],
      [owner, 'x'],
    ] as const)
      for (const contract of [getPublicKey, revokePublicKey])
        expect(await gateway.refusal(contract, { publicKeyId }, who)).toMatchObject({ code: 'PUBLIC_KEY_NOT_FOUND' });
    expect(await gateway.refusal(listPublicKeys, { owner: alice.sub }, bob)).toMatchObject({ code: 'USER_NOT_FOUND' });
    await gateway.ask(revokePublicKey, { publicKeyId: id }, admin);
    expect(await gateway.ask(getPublicKey, { publicKeyId: id }, alice)).toMatchObject({ owner: alice.sub });
  });

  it('pages through them, newest first, each once', async () => {
    const carol = await team.member(['public-keys:*', 'keys:read']);
    const made: string[] = [];
    for (let count = 0; count < 3; count += 1) made.unshift((await register(carol, ['keys:read'])).registered.id);

    const first = await gateway.ask(listPublicKeys, { limit: 2 }, carol);
    const second = await gateway.ask(listPublicKeys, { limit: 2, cursor: first.next ?? '' }, carol);

    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(made);
    expect(second.next).toBeNull();
  });
});
