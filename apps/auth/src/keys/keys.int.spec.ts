import { maxTokenBytes } from '@keyport/access';
import { createKey, getKey, listKeys, revokeKey, type AuthorizationDetail } from '@keyport/contracts';
import { whoHas, type GatewayDouble, type Who } from '@keyport/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { AuthSystem } from '../harness/auth-system.ts';
import { Team } from '../harness/team.ts';

const day = 24 * 3600;

let system: AuthSystem;
let gateway: GatewayDouble;
let team: Team;
/** By session, and by the key of `owner.json`. */
let ownerSession: Who;
let ownerKey: Who;

beforeAll(async () => {
  system = await AuthSystem.start();
  await system.serve();
  gateway = await system.gateway();
  team = await Team.of(system, gateway);
  ownerSession = team.owner;
  ownerKey = whoHas((await system.ownerFile()).token);
});

afterAll(() => system.stop());

const mint = (who: Who, scopes: string[], expiresInSeconds?: number | 'never') =>
  gateway.ask(createKey, { name: 'nightly export', scopes, ...(expiresInSeconds && { expiresInSeconds }) }, who);

const refusalOf = (who: Who, request: object) =>
  gateway.refusal(createKey, { name: 'k', scopes: ['keys:read'], ...request }, who);

const lifetimeOf = (token: string) => {
  const { iat = 0, exp = 0 } = decodeJwt(token);
  return exp - iat;
};

describe('minting a key', () => {
  it('gives a token with the rights asked for, and the key without it', async () => {
    const { token, key } = await mint(ownerSession, ['records:read:orders', 'exports:*:ord*', 'records:read:orders']);

    expect(decodeJwt(token)).toMatchObject({
      iss: ownerSession.iss,
      sub: ownerSession.sub,
      key: key.id,
      scope: 'records:read:orders exports:*:ord*',
      client_id: 'keyport',
    });
    for (const claim of ['anc', 'sid', 'authorization_details']) expect(decodeJwt(token)).not.toHaveProperty(claim);
    expect(key).toMatchObject({
      name: 'nightly export',
      owner: ownerSession.sub,
      scopes: ['records:read:orders', 'exports:*:ord*'],
      ...{ authorizationDetails: null, limits: {}, lastUsedAt: null, revokedAt: null, rotatedAt: null },
    });
    expect(Date.parse(key.expiresAt ?? '')).toBe((decodeJwt(token).exp ?? 0) * 1000);
    expect(await gateway.ask(getKey, { keyId: key.id }, ownerSession)).toEqual(key);
  });

  it('keeps the token nowhere', async () => {
    const { token } = await mint(ownerSession, ['records:read:orders']);

    const stored = JSON.stringify(await system.database.collection('keys').find().toArray());

    for (const part of token.split('.').slice(1)) expect(stored).not.toContain(part);
  });

  it('gives it 90 days unless told, and what is told up to the limit', async () => {
    expect(lifetimeOf((await mint(ownerSession, ['keys:read'])).token)).toBe(90 * day);
    expect(lifetimeOf((await mint(ownerSession, ['keys:read'], 366 * day)).token)).toBe(366 * day);
    expect(await refusalOf(ownerSession, { expiresInSeconds: 366 * day + 1 })).toMatchObject({
      code: 'KEY_LIFETIME_TOO_LONG',
      params: { maximumSeconds: 366 * day },
    });
  });

  it('gives it no life without an end where the policy wants one', async () => {
    expect(await refusalOf(ownerSession, { expiresInSeconds: 'never' })).toMatchObject({ code: 'KEY_EXPIRY_NEEDED' });
  });

  it('needs the right to', async () => {
    const error = await refusalOf({ ...ownerSession, scope: 'records:read:a' }, { scopes: ['records:read:a'] });

    expect(error).toMatchObject({ code: 'INSUFFICIENT_SCOPE', params: { scope: 'keys:create' } });
  });

  it.each([['records:read:orders'], ['records:*:a'], ['*'], ['keys:delete'], ['records:read:*']])(
    'refuses %s to one whose token has it not',
    async (scope) => {
      const who = { ...ownerSession, scope: 'keys:create keys:read records:read:a*' };

      const error = await refusalOf(who, { scopes: ['records:read:ab', scope] });

      expect(error).toMatchObject({ code: 'SCOPE_NOT_HELD', params: { scope } });
    },
  );

  it.each(['records:read', 'records:write:a', 'nothing:read:a', 'records:read:A', 'keys:read:a', 'records:read:a b'])(
    'refuses %s, which is no scope',
    async (scope) => {
      expect(await refusalOf(ownerSession, { scopes: [scope] })).toMatchObject({ code: 'VALIDATION_FAILED' });
    },
  );

  it('refuses what its maker has lost since, though the token still says it', async () => {
    const carol = await team.member(['keys:*', 'records:read:orders']);
    await team.setScopes(carol, ['keys:*']);

    const error = await refusalOf(carol, { scopes: ['records:read:orders'] });

    expect(error).toMatchObject({ code: 'SCOPE_NOT_HELD', params: { scope: 'records:read:orders' } });
  });

  it('refuses a token that no gateway would read', async () => {
    const scopes = Array.from({ length: 130 }, (_, at) => `records:read:${'x'.repeat(40)}-${at}`);

    expect(await refusalOf(ownerSession, { scopes })).toMatchObject({
      code: 'TOKEN_TOO_LARGE',
      params: { limitBytes: maxTokenBytes },
    });
  });

  it.each([
    ['another issuer', { iss: 'https://elsewhere.example', usr: undefined }],
    ['no user', { sub: 'service:import', usr: undefined }],
  ])('refuses the same rights of %s', async (_name, change) => {
    expect(await refusalOf({ ...ownerSession, ...change }, {})).toMatchObject({ code: 'USER_NEEDED' });
  });
});

describe('a key with authorization details (RFC 9396)', () => {
  const detail = (change: Partial<AuthorizationDetail> = {}): AuthorizationDetail => ({
    type: 'keyport_dataset',
    datasets: ['orders'],
    actions: ['records:read'],
    ...change,
  });
  const eu = detail({ filter: { region: { $in: ['eu', 'uk'] } }, fields: ['total'] });
  const withDetails = (who: Who, ...authorizationDetails: AuthorizationDetail[]) =>
    gateway.ask(createKey, { name: 'k', scopes: ['records:read:orders', 'keys:*'], authorizationDetails }, who);

  it('says them in its token and shows them, operators and all', async () => {
    const { token, key } = await withDetails(ownerSession, eu);

    expect(decodeJwt(token)).toMatchObject({ authorization_details: [eu] });
    expect(await gateway.ask(getKey, { keyId: key.id }, ownerSession)).toMatchObject({ authorizationDetails: [eu] });
  });

  it('hands them on to keys that are minted through it, whatever those ask for', async () => {
    const parent = whoHas((await withDetails(ownerSession, eu)).token);

    const silent = await gateway.ask(createKey, { name: 'k', scopes: ['records:read:orders'] }, parent);
    const greedy = await withDetails(parent, detail({ datasets: ['*'], actions: ['records:*'] }));

    for (const { key } of [silent, greedy]) expect(key.authorizationDetails).toEqual([eu]);
  });

  it('is refused where nothing is left of both', async () => {
    const parent = whoHas((await withDetails(ownerSession, eu)).token);

    const request = {
      scopes: ['records:read:orders'],
      authorizationDetails: [detail({ fields: ['email'] })],
    };
    expect(await refusalOf(parent, request)).toMatchObject({ code: 'SCOPE_NOT_HELD' });
  });

  it('is refused where no gateway would read its token', async () => {
    let filter: Record<string, unknown> = { a: 1 };
    for (let depth = 0; depth < 6; depth += 1) filter = { $and: [filter] };

    const error = await refusalOf(ownerSession, {
      scopes: ['records:read:orders'],
      authorizationDetails: [detail({ filter })],
    });

    expect(error).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ path: 'authorizationDetails' }] });
  });
});

describe('a key minted through a key', () => {
  it('names the keys it came through, nearest first', async () => {
    const child = await mint(ownerKey, ['*']);
    const grandchild = await mint(whoHas(child.token), ['*']);

    expect(decodeJwt(grandchild.token)).toMatchObject({ anc: [child.key.id, ownerKey.key] });
  });

  it('ends with it at the latest', async () => {
    const parent = await mint(ownerSession, ['keys:create', 'keys:read'], 3600);

    const child = await mint(whoHas(parent.token), ['keys:read'], 30 * day);

    expect(decodeJwt(child.token).exp).toBeLessThanOrEqual(decodeJwt(parent.token).exp ?? 0);
    expect(child.key.expiresAt).toBe(new Date((decodeJwt(child.token).exp ?? 0) * 1000).toISOString());
  });

  it('has its limits at most', async () => {
    const request = { name: 'k', scopes: ['keys:create', 'keys:read'], limits: { requestsPerSecond: 5, burst: 9 } };
    const parent = await gateway.ask(createKey, request, ownerSession);

    const child = await gateway.ask(
      createKey,
      { name: 'k', scopes: ['keys:read'], limits: { requestsPerSecond: 500, importsPerDay: 1 } },
      whoHas(parent.token),
    );

    expect(parent.key.limits).toEqual({ requestsPerSecond: 5, burst: 9 });
    expect(child.key.limits).toEqual({ requestsPerSecond: 5, burst: 9, importsPerDay: 1 });
  });

  it('may have four ancestors and no fifth', async () => {
    let who = ownerKey;
    for (let depth = 1; depth <= 4; depth += 1) who = whoHas((await mint(who, ['*'])).token);

    expect(who.anc).toHaveLength(4);
    expect(await refusalOf(who, {})).toMatchObject({ code: 'KEY_CHAIN_TOO_LONG' });
  });

  it('is refused where MongoDB knows that the key was revoked, before the bus does', async () => {
    const parent = await mint(ownerSession, ['keys:create', 'keys:read']);
    await system.database
      .collection('keys')
      .updateOne({ _id: parent.key.id as never }, { $set: { revokedAt: new Date() } });

    expect(await refusalOf(whoHas(parent.token), {})).toMatchObject({ code: 'TOKEN_REVOKED' });
  });
});

describe('seeing keys', () => {
  let alice: Who;
  let bob: Who;
  let admin: Who;

  beforeAll(async () => {
    alice = await team.member(['keys:*']);
    bob = await team.member(['keys:*', 'users:*']);
    admin = await team.admin();
  });

  const idsSeenBy = async (who: Who, request: object = {}) =>
    (await gateway.ask(listKeys, { limit: 1000, ...request }, who)).items.map(({ id }) => id);

  it('shows one their own keys', async () => {
    const { key } = await mint(alice, ['keys:read']);
    const bobs = await mint(bob, ['keys:read']);

    expect(await idsSeenBy(alice)).toEqual([key.id]);
    expect(await idsSeenBy(alice, { owner: alice.sub })).toEqual([key.id]);
    expect(await idsSeenBy(bob)).toEqual([bobs.key.id]);
    expect(await idsSeenBy(ownerSession)).not.toContain(key.id);
  });

  it('shows owners and admins those of others, but admins nothing of owners', async () => {
    const { key } = await mint(alice, ['keys:read']);
    const owners = await mint(ownerSession, ['keys:read']);

    for (const who of [ownerSession, admin]) {
      expect(await gateway.ask(getKey, { keyId: key.id }, who)).toMatchObject({ owner: alice.sub });
      expect(await idsSeenBy(who, { owner: alice.sub })).toContain(key.id);
      expect(await idsSeenBy(who, { owner: '*' })).toContain(key.id);
    }
    expect(await idsSeenBy(ownerSession, { owner: '*' })).toContain(owners.key.id);
    expect(await idsSeenBy(admin, { owner: '*' })).not.toContain(owners.key.id);
  });

  it.each([
    ['a member, with the right to change users too', () => bob, () => alice],
    ['an admin whose token may not change users', () => ({ ...admin, scope: 'keys:*' }), () => alice],
    ['an admin, of an owner', () => admin, () => ownerSession],
  ])('hides from %s that others have any', async (_name, asking, holding) => {
    const { key } = await mint(holding(), ['keys:read']);

    for (const contract of [getKey, revokeKey])
      expect(await gateway.refusal(contract, { keyId: key.id }, asking())).toMatchObject({ code: 'KEY_NOT_FOUND' });
    expect(await gateway.refusal(listKeys, { owner: holding().sub }, asking())).toMatchObject({
      code: 'USER_NOT_FOUND',
    });
    expect(await gateway.ask(getKey, { keyId: key.id }, holding())).toMatchObject({ revokedAt: null });
  });

  it.each(['f'.repeat(24), 'x', '../keys', ''])('answers alike to the id %j, which is nobody’s', async (keyId) => {
    for (const contract of [getKey, revokeKey])
      expect(await gateway.refusal(contract, { keyId }, ownerSession)).toMatchObject({ code: 'KEY_NOT_FOUND' });
    expect(await gateway.refusal(listKeys, { owner: `${keyId}1` }, ownerSession)).toMatchObject({
      code: 'USER_NOT_FOUND',
    });
  });

  it('pages through them, newest first, each once', async () => {
    const carol = await team.member(['keys:*']);
    const minted: string[] = [];
    for (let count = 0; count < 5; count += 1) minted.unshift((await mint(carol, ['keys:read'])).key.id);

    expect(await walk(carol, {})).toEqual(minted);
  });

  it('pages through those that end soon, the next to end first', async () => {
    const dave = await team.member(['keys:*']);
    const inHours: Record<number, string> = {};
    for (const hours of [5, 1, 30, 3, 1.5]) inHours[hours] = (await mint(dave, ['keys:read'], hours * 3600)).key.id;
    const gone = await mint(dave, ['keys:read'], 2 * 3600);
    await gateway.ask(revokeKey, { keyId: gone.key.id }, dave);

    const ids = await walk(dave, { endsWithinSeconds: day });

    expect(ids).toEqual([1, 1.5, 3, 5].map((hours) => inHours[hours]));
  });

  /** Ids, page by page. */
  async function walk(who: Who, request: object): Promise<string[]> {
    const seen: string[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await gateway.ask(listKeys, { limit: 2, ...request, ...(cursor && { cursor }) }, who);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.next;
    } while (cursor !== null);
    return seen;
  }

  it.each([
    [listKeys, {}, 'keys:read'],
    [getKey, { keyId: 'x' }, 'keys:read'],
    [revokeKey, { keyId: 'x' }, 'keys:delete'],
  ])('needs the right to: $subject', async (contract, request, scope) => {
    const who = { ...ownerSession, scope: 'keys:create' };

    expect(await gateway.refusal(contract, request, who)).toMatchObject({
      code: 'INSUFFICIENT_SCOPE',
      params: { scope },
    });
  });

  it.each(['!', Buffer.from('x').toString('base64url'), 'e'.repeat(60)])('refuses the cursor %j', async (cursor) => {
    for (const request of [{ cursor }, { cursor, endsWithinSeconds: 60 }])
      expect(await gateway.refusal(listKeys, request, ownerSession)).toMatchObject({ code: 'CURSOR_INVALID' });
  });
});

describe('a caller of the bus', () => {
  it('without a context is refused', async () => {
    expect(await gateway.refusal(listKeys, {})).toMatchObject({
      code: 'CONTEXT_INVALID',
      params: { check: 'presence' },
    });
  });

  it('with an access token in the place of a context is refused', async () => {
    const { token } = await system.ownerFile();

    await expect(gateway.requester.request(listKeys, {}, { authority: token })).rejects.toMatchObject({
      code: 'CONTEXT_INVALID',
    });
  });
});
