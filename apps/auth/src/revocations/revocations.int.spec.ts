import { generateKeyPairSync } from 'node:crypto';
import { accessClaims, identityOf, revocationKey, RevocationView, type RevocationTarget } from '@keyport/access';
import {
  buckets,
  createKey,
  createPublicKey,
  createRevocation,
  deleteRevocation,
  getKey,
  listKeys,
  listRevocations,
  listSigningKeys,
  login,
  refreshSession,
  revokeKey,
  type RequestInput,
  type RevocationEntry,
} from '@keyport/contracts';
import { openBucket } from '@keyport/messaging';
import { eventually, whoHas, type GatewayDouble, type Who } from '@keyport/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestMicroservice } from '@nestjs/common';
import type { KV } from '@nats-io/kv';
import { AuthSystem } from '../harness/auth-system.ts';
import { Team } from '../harness/team.ts';
import { ProjectionsService } from '../projections/projections.service.ts';
import type { Revocation } from './revocation.model.ts';
import { RevocationsService } from './revocations.service.ts';

const day = 24 * 3600;

let system: AuthSystem;
let auth: INestMicroservice;
let gateway: GatewayDouble;
let team: Team;
let admin: Who;
let kv: KV;

beforeAll(async () => {
  system = await AuthSystem.start();
  auth = await system.serve();
  gateway = await system.gateway();
  team = await Team.of(system, gateway);
  admin = await team.admin();
  kv = await openBucket(system.bus, buckets.revocations);
});

afterAll(() => system.stop());

type Request = RequestInput<typeof createRevocation>;

const revoke = (request: Request, who = admin) => gateway.ask(createRevocation, request, who);
const lift = (revocationId: string, who = admin) => gateway.ask(deleteRevocation, { revocationId }, who);
const mint = (who: Who, scopes = ['keys:*']) => gateway.ask(createKey, { name: 'k', scopes }, who);
const nowSeconds = () => Math.floor(Date.now() / 1000);
const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();

async function shown(target: RevocationTarget): Promise<RevocationEntry | undefined> {
  const entry = await kv.get(revocationKey(target));
  return entry?.operation === 'PUT' ? entry.json<RevocationEntry>() : undefined;
}

const refusedWith = (who: Who, code: string | undefined) =>
  eventually(
    () => gateway.refusal(listKeys, {}, who),
    (refused) => refused?.code === code,
  );

describe('asking for a revocation', () => {
  it.each<[string, Request, RevocationTarget]>([
    ['a token', { jti: 'some-token' }, { level: 'jti', jti: 'some-token' }],
    ['a token of another issuer', { jti: 'a b', iss: 'https://a' }, { level: 'jti', jti: 'a b', issuer: 'https://a' }],
    ['a key', { key: 'some-key' }, { level: 'key', keyId: 'some-key' }],
    ['a client', { client: 'some-client' }, { level: 'client', clientId: 'some-client' }],
    ['a kid', { kid: 'some-kid' }, { level: 'kid', kid: 'some-kid' }],
  ])('of %s ends it altogether', async (_what, request, target) => {
    const revocation = await revoke({ ...request, reason: 'lost' });

    expect(revocation).toMatchObject({ ...request, reason: 'lost', createdBy: admin.sub });
    expect(await shown(target)).toMatchObject({ before: null });
  });

  it.each<[string, Request, RevocationTarget]>([
    ['a principal', { sub: 'somebody' }, { level: 'sub', subject: 'somebody' }],
    [
      'a principal of another issuer',
      { sub: 'x', iss: 'https://a' },
      { level: 'sub', subject: 'x', issuer: 'https://a' },
    ],
    ['another issuer', { iss: 'https://b' }, { level: 'iss', issuer: 'https://b' }],
  ])('of %s ends what was issued until now', async (_what, request, target) => {
    const begun = nowSeconds();

    await revoke(request);

    const { before } = (await shown(target)) ?? {};
    expect(before).toBeGreaterThan(begun);
    // What is issued after the reply is good.
    expect(before).toBeLessThanOrEqual(nowSeconds());
  });

  it('with notBefore ends what was issued earlier, at any level, and the latest of several wins', async () => {
    const target = { level: 'key', keyId: 'cut' } as const;
    const [first, last, between] = [ago(100), ago(50), ago(70)];
    await revoke({ key: 'cut', notBefore: first });
    const early = (await shown(target))?.before ?? 0;

    await revoke({ key: 'cut', notBefore: last });
    const late = (await shown(target))?.before ?? 0;
    await revoke({ key: 'cut', notBefore: between });

    expect(late - early).toBeGreaterThanOrEqual(49);
    expect((await shown(target))?.before).toBe(late);
  });

  it('by any address of this deployment as iss is the same as without', async () => {
    await revoke({ jti: 'own-token', iss: 'http://127.0.0.1:3000' });

    expect(await shown({ level: 'jti', jti: 'own-token' })).toBeDefined();
  });

  it('twice, or twice at once, is one revocation', async () => {
    const request = { key: 'twice' };

    const ids = (await Promise.all([1, 2, 3].map(() => revoke(request)))).map(({ id }) => id);
    ids.push((await revoke({ ...request, reason: 'again' })).id);

    expect(new Set(ids).size).toBe(1);
  });

  it.each<[string, Request, string]>([
    ['nothing', {}, 'body'],
    ['only a reason', { reason: 'x' }, 'body'],
    ['two things', { jti: 'a', key: 'b' }, 'key'],
    ['an issuer beside a key', { key: 'a', iss: 'https://a' }, 'iss'],
    ['an issuer beside a client', { client: 'a', iss: 'https://a' }, 'iss'],
    ['an issuer beside a kid', { kid: 'a', iss: 'https://a' }, 'iss'],
    ['a token id that none of this deployment can have', { jti: 'a.b *' }, 'jti'],
    ['the client that all own tokens name', { client: 'keyport' }, 'client'],
    ['a cutoff in the future', { sub: 'a', notBefore: ago(-day) }, 'notBefore'],
    ['a cutoff that is no instant', { sub: 'a', notBefore: 'yesterday' }, 'notBefore'],
    ['an empty name', { sub: '' }, 'sub'],
    ['a name that is too long', { sub: 'x'.repeat(513) }, 'sub'],
    ['something unknown', { user: 'a' } as Request, ''],
  ])('of %s is refused, naming what is wrong', async (_what, request, path) => {
    const refused = await gateway.refusal(createRevocation, request, admin);

    expect(refused).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ path }] });
  });

  it.each(['read', 'delete'])('needs the right to, and revocations:%s is not it', async (action) => {
    const who = await team.member([`revocations:${action}`]);

    expect(await gateway.refusal(createRevocation, { key: 'a' }, who)).toMatchObject({
      code: 'INSUFFICIENT_SCOPE',
      params: { scope: 'revocations:create' },
    });
  });
});

describe("what is an owner's", () => {
  async function registered() {
    const jwk = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
    const request = { name: 'k', jwk: jwk as Record<string, unknown>, scopes: ['keys:read'] };
    return gateway.ask(createPublicKey, request, team.owner);
  }

  it('cannot be revoked by an admin', async () => {
    const { key, token } = await mint(team.owner, ['*']);
    const { items } = await gateway.ask(listSigningKeys, {}, team.owner);
    const { kid: publicKid, issuer, subject } = await registered();
    const requests: Request[] = [
      { sub: team.owner.sub ?? '' },
      { key: key.id },
      { jti: whoHas(token).jti ?? '' },
      // As the ancestor of what was minted through it.
      { jti: key.id },
      { kid: publicKid },
      { jti: publicKid },
      { iss: issuer },
      { sub: subject, iss: issuer },
      { iss: 'http://127.0.0.1:3000' },
      ...items.flatMap(({ kid }) => [{ kid }, { kid, notBefore: ago(0) }]),
    ];

    for (const request of requests) {
      const refused = await gateway.refusal(createRevocation, request, admin);
      expect([request, refused]).toMatchObject([request, { code: 'SCOPE_NOT_HELD', params: { scope: '*' } }]);
    }
    expect(await gateway.refusal(listKeys, {}, whoHas(token))).toBeUndefined();
  });

  it('can be revoked by an owner, and then not be lifted by an admin', async () => {
    const { key, token } = await mint(team.owner, ['*']);

    const { id } = await revoke({ key: key.id }, team.owner);

    await refusedWith(whoHas(token), 'TOKEN_REVOKED');
    expect(await gateway.refusal(deleteRevocation, { revocationId: id }, admin)).toMatchObject({
      code: 'SCOPE_NOT_HELD',
    });
    await lift(id, team.owner);
    await refusedWith(whoHas(token), undefined);
  });
});

describe('a revoked key', () => {
  it('ends with what was minted through it, and comes back with it when the revocation is lifted', async () => {
    const member = await team.member(['keys:*']);
    const parent = await mint(member);
    const child = await mint(whoHas(parent.token));

    const { id } = await revoke({ key: parent.key.id });

    await refusedWith(whoHas(parent.token), 'TOKEN_REVOKED');
    await refusedWith(whoHas(child.token), 'TOKEN_REVOKED');
    await lift(id);
    await refusedWith(whoHas(parent.token), undefined);
    await refusedWith(whoHas(child.token), undefined);
  });

  it('named by its token takes along what was minted through it until then', async () => {
    const member = await team.member(['keys:*']);
    const parent = await mint(member);
    const child = await mint(whoHas(parent.token));

    await revoke({ jti: whoHas(parent.token).jti ?? '' });

    await refusedWith(whoHas(child.token), 'TOKEN_REVOKED');
    await refusedWith(member, undefined);
  });

  it('which its holder revoked stays so when a revocation of it is lifted', async () => {
    const member = await team.member(['keys:*']);
    const { key, token } = await mint(member);
    const { id } = await revoke({ key: key.id });
    await gateway.ask(revokeKey, { keyId: key.id }, member);

    await lift(id);

    expect(await shown({ level: 'key', keyId: key.id })).toMatchObject({ before: null });
    await refusedWith(whoHas(token), 'TOKEN_REVOKED');
  });

  it('is kept as long as its token lives, or a job that it started', async () => {
    const { key } = await mint(await team.member(['keys:*']));

    const { endsAt } = await revoke({ key: key.id });

    const { expiresAt } = await gateway.ask(getKey, { keyId: key.id }, { ...admin });
    expect(Date.parse(endsAt ?? '')).toBeGreaterThanOrEqual(Date.parse(expiresAt ?? ''));
    expect(Date.parse(endsAt ?? '') / 1000 - nowSeconds()).toBeGreaterThanOrEqual(30 * day);
  });
});

describe('a revoked principal', () => {
  it('loses what was issued until then, refresh tokens included, and can sign in again at once', async () => {
    const member = await team.member(['keys:*']);
    const email = (
      await system.database.collection<{ _id: string; email: string }>('users').findOne({ _id: member.sub ?? '' })
    )?.email;
    const credentials = { email, password: 'correct horse battery staple', address: '127.0.0.1' } as never;
    const before = await gateway.ask(login, credentials);
    const { token } = await mint(whoHas(before.accessToken));

    await revoke({ sub: member.sub ?? '' });

    const after = await gateway.ask(login, credentials);
    for (const old of [before.accessToken, token]) await refusedWith(whoHas(old), 'TOKEN_REVOKED');
    expect(await gateway.refusal(listKeys, {}, whoHas(after.accessToken))).toBeUndefined();
    const again = { refreshToken: before.refreshToken };
    expect(await gateway.refusal(refreshSession, again)).toMatchObject({ code: 'REFRESH_INVALID' });
  });
});

describe('lifting a revocation', () => {
  it('leaves what else stands behind the same key', async () => {
    const target = { level: 'sub', subject: 'lifted' } as const;
    const early = await revoke({ sub: 'lifted', notBefore: ago(100) });
    const late = await revoke({ sub: 'lifted', notBefore: ago(50) });
    const { before = 0 } = (await shown(target)) ?? {};

    await lift(late.id);

    expect(Number(before) - Number((await shown(target))?.before)).toBeGreaterThanOrEqual(49);
    await lift(early.id);
    expect(await shown(target)).toBeUndefined();
  });

  it.each(['f'.repeat(24), 'nothing', 'key.x', '$ne'])('%j that is none is refused', async (revocationId) => {
    expect(await gateway.refusal(deleteRevocation, { revocationId }, admin)).toMatchObject({
      code: 'REVOCATION_NOT_FOUND',
      params: { revocationId },
    });
  });

  it('needs the right to', async () => {
    const { id } = await revoke({ key: 'kept' });

    expect(
      await gateway.refusal(deleteRevocation, { revocationId: id }, await team.member(['revocations:create'])),
    ).toMatchObject({ code: 'INSUFFICIENT_SCOPE', params: { scope: 'revocations:delete' } });
    expect(await shown({ level: 'key', keyId: 'kept' })).toBeDefined();
  });
});

describe('the list', () => {
  it('shows what was asked for, the newest first, page by page, and nothing that only follows', async () => {
    const { key } = await mint(await team.member(['keys:*']));
    const made: string[] = [];
    for (const jti of ['l1', 'l2', 'l3', 'l4']) made.unshift((await revoke({ jti })).id);
    await auth
      .get(RevocationsService)
      .end({ level: 'sid', sessionId: 's' }, { endsAt: new Date(Date.now() + 60_000), by: 'x' });
    made.unshift((await revoke({ key: key.id })).id);

    const seen: string[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await gateway.ask(listRevocations, { limit: 2, ...(cursor && { cursor }) }, admin);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.next;
    } while (cursor !== null);

    expect(seen.slice(0, 5)).toEqual(made);
    expect(new Set(seen).size).toBe(seen.length);
    expect(await gateway.refusal(listRevocations, { cursor: 'x' }, admin)).toMatchObject({ code: 'CURSOR_INVALID' });
    expect(await gateway.refusal(listRevocations, {}, await team.member(['revocations:create']))).toMatchObject({
      code: 'INSUFFICIENT_SCOPE',
    });
  });
});

describe('ending something', () => {
  it('again with an earlier cutoff or end takes nothing back', async () => {
    const target = { level: 'sid', sessionId: 'again' } as const;
    const service = auth.get(RevocationsService);
    const at = (seconds: number) => new Date(1_900_000_000_000 + seconds * 1000);
    await service.end(target, { before: at(5), endsAt: at(1000), by: 'x' });

    await Promise.all([
      service.end(target, { before: at(3), endsAt: at(2000), by: 'x' }),
      service.end(target, { before: at(7), endsAt: at(500), by: 'x' }),
      service.end(target, { before: at(4), endsAt: at(100), by: 'x' }),
    ]);

    expect(await shown(target)).toEqual({ before: 1_900_000_007, expiresAt: 1_900_002_000 });
    await service.end(target, { endsAt: at(100), by: 'x' });
    await service.end(target, { before: at(9), endsAt: at(100), by: 'x' });
    expect(await shown(target)).toEqual({ before: null, expiresAt: 1_900_002_000 });
  });

  it('from later on is told at once, and holds by the clock of whoever follows the bus', async () => {
    const view = new RevocationView(await system.servers.connectionOf('gateway'));
    view.start();
    await eventually(() => view.isReady, Boolean);
    const { iss, sub, aud } = { iss: 'http://127.0.0.1:3000', sub: 'x', aud: 'x' };
    const tokenEndingIn = async (ms: number) => {
      const [jti, from] = [`retired-${ms}`, new Date(Date.now() + ms)];
      const claims = { iss, sub, aud, client_id: 'keyport', iat: 0, exp: 1, jti, scope: '' };
      const identity = identityOf(accessClaims.parse(claims), 'another-kid');
      const endsAt = new Date(Date.now() + 600_000);
      await auth.get(RevocationsService).end({ level: 'jti', jti }, { from, endsAt, by: 'x' });
      expect(await shown({ level: 'jti', jti })).toMatchObject({ from: Math.ceil(from.getTime() / 1000) });
      const wasRevoked = view.isRevoked(identity);
      return { identity, from, wasRevoked, isEarly: Date.now() < from.getTime() };
    };

    let token = await tokenEndingIn(1_500);
    // The machine stood still meanwhile.
    if (!token.isEarly) token = await tokenEndingIn(20_000);

    expect(token).toMatchObject({ isEarly: true, wasRevoked: false });
    await eventually(() => view.isRevoked(token.identity), Boolean);
    expect(Date.now()).toBeGreaterThanOrEqual(token.from.getTime());
    view.stop();
  });

  it('that a process stored and died before it could tell is shown by the next who looks', async () => {
    const key = revocationKey({ level: 'sid', sessionId: 'untold' });
    const common = {
      origin: 'consequence' as const,
      before: null,
      from: null,
      createdAt: new Date(),
      createdBy: 'x',
      reason: null,
    };
    await system.database
      .collection<Revocation>('revocations')
      .insertOne({ _id: key, key, endsAt: new Date(Date.now() + 60_000), ...common });

    await auth.get(ProjectionsService).reconcile();

    expect(await shown({ level: 'sid', sessionId: 'untold' })).toMatchObject({ before: null });
  });
});
