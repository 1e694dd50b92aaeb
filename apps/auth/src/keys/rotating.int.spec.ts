import { RevocationView } from '@keyport/access';
import { changeKey, createKey, getKey, revokeKey, rotateKey, type AuthorizationDetail } from '@keyport/contracts';
import { codeOf, eventually, quickest, whoHas, type GatewayDouble, type Who } from '@keyport/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestMicroservice } from '@nestjs/common';
import { decodeJwt } from 'jose';
import { AuthSystem } from '../harness/auth-system.ts';
import { identityIn } from '../harness/identity-in.ts';
import { Team } from '../harness/team.ts';
import type { Key } from './key.model.ts';
import { ProjectionsService } from '../projections/projections.service.ts';

const day = 24 * 3600;

let system: AuthSystem;
let service: INestMicroservice;
let gateway: GatewayDouble;
let team: Team;
let view: RevocationView;
let owner: Who;

beforeAll(async () => {
  system = await AuthSystem.start();
  service = await system.serve({ KEYPORT_KEYS_MAY_NEVER_EXPIRE: 'true' });
  gateway = await system.gateway();
  team = await Team.of(system, gateway);
  owner = team.owner;
  view = new RevocationView(await system.servers.connectionOf('gateway'));
  view.start();
  await eventually(() => view.isReady, Boolean);
});

afterAll(async () => {
  view.stop();
  await system.stop();
});

const mint = (who: Who, scopes: string[], request: object = {}) =>
  gateway.ask(createKey, { name: 'k', scopes, ...request }, who);
const rotate = (who: Who, keyId: string, graceSeconds?: number) =>
  gateway.ask(rotateKey, { keyId, ...(graceSeconds !== undefined && { graceSeconds }) }, who);
const refusal = (who: Who, keyId: string) => gateway.refusal(rotateKey, { keyId }, who);

const isRevoked = (token: string) => view.isRevoked(identityIn(token));
const untilRevoked = (token: string) => eventually(() => isRevoked(token), Boolean);
const lifetimeOf = (token: string) => {
  const { iat = 0, exp = 0 } = decodeJwt(token);
  return exp - iat;
};
const storedKeys = () => system.database.collection<Key>('keys');

describe('rotating a key', () => {
  it('gives a new token of the same key, with the same rights and the life it was given', async () => {
    const details: AuthorizationDetail[] = [
      { type: 'keyport_dataset', datasets: ['orders'], actions: ['records:read'], fields: ['total'] },
    ];
    const request = { expiresInSeconds: 7 * day, authorizationDetails: details };
    const before = await mint(owner, ['records:read:orders', 'keys:read'], request);

    const after = await rotate(owner, before.key.id, 3600);

    const [old, young] = [before, after].map(({ token }) => decodeJwt(token));
    expect(young).toEqual({ ...old, jti: young?.jti, iat: young?.iat, exp: young?.exp });
    expect(young?.jti).not.toBe(old?.jti);
    expect(lifetimeOf(after.token)).toBe(7 * day);
    const { expiresAt, rotatedAt, previousTokenEndsAt } = after.key;
    expect(after.key).toEqual({ ...before.key, expiresAt, rotatedAt, previousTokenEndsAt });
    expect(expiresAt).toBe(new Date((decodeJwt(after.token).exp ?? 0) * 1000).toISOString());
    expect(await gateway.ask(getKey, { keyId: before.key.id }, owner)).toEqual(after.key);
  });

  it('ends the old token at once unless a grace is given', async () => {
    const before = await mint(owner, ['keys:read']);

    const after = await rotate(owner, before.key.id);

    await untilRevoked(before.token);
    expect(isRevoked(after.token)).toBe(false);
    expect(await gateway.refusal(getKey, { keyId: before.key.id }, whoHas(before.token))).toMatchObject({
      code: 'TOKEN_REVOKED',
    });
    expect(await gateway.ask(getKey, { keyId: before.key.id }, whoHas(after.token))).toMatchObject({
      previousTokenEndsAt: after.key.rotatedAt,
    });
  });

  it('lets the old token live for the grace and not for longer, also where auth is gone by then', async () => {
    let graceSeconds = 2;
    const tried = async () => {
      const before = await mint(owner, ['keys:read']);
      const after = await rotate(owner, before.key.id, graceSeconds);
      const endsAt = Date.parse(after.key.previousTokenEndsAt ?? '');
      // The next has longer, should this one end before it was looked at.
      graceSeconds *= 2;
      // Another process that follows the bus, from the moment it begins.
      const late = new RevocationView(await system.servers.connectionOf('gateway'));

      await service.close();
      late.start();
      await eventually(() => late.isReady, Boolean);
      const wasRevoked = [view, late].map((one) => one.isRevoked(identityIn(before.token)));
      const checkedAt = Date.now();
      await untilRevoked(before.token);
      await eventually(() => late.isRevoked(identityIn(before.token)), Boolean);
      const endedAt = Date.now();
      late.stop();
      service = await system.serve({ KEYPORT_KEYS_MAY_NEVER_EXPIRE: 'true' });
      await eventually(
        () => codeOf(gateway.ask(getKey, { keyId: before.key.id }, owner)),
        (code) => code === 'none',
      );

      expect(endedAt).toBeGreaterThanOrEqual(endsAt);
      expect(isRevoked(after.token)).toBe(false);
      if (checkedAt >= endsAt) return Number.POSITIVE_INFINITY;
      expect(wasRevoked).toEqual([false, false]);
      return endedAt - endsAt;
    };

    expect(await quickest(1_000, tried)).toBeLessThan(1_000);
  }, 300_000);

  it('shortens the grace of tokens before', async () => {
    const first = await mint(owner, ['keys:read']);
    const second = await rotate(owner, first.key.id, day);

    const third = await rotate(owner, first.key.id, 0);

    await untilRevoked(first.token);
    await untilRevoked(second.token);
    expect(isRevoked(third.token)).toBe(false);
  });

  it('leaves alive what was minted through the key, before and after', async () => {
    const parent = await mint(owner, ['*']);
    const child = await mint(whoHas(parent.token), ['keys:read']);
    const rotated = await rotate(owner, parent.key.id, 0);
    await untilRevoked(parent.token);
    const younger = await mint(whoHas(rotated.token), ['keys:read']);

    expect([child, younger].map(({ token }) => isRevoked(token))).toEqual([false, false]);
    expect(await gateway.ask(getKey, { keyId: child.key.id }, whoHas(child.token))).toMatchObject({ revokedAt: null });
    await gateway.ask(revokeKey, { keyId: parent.key.id }, owner);

    for (const { token } of [rotated, child, younger]) await untilRevoked(token);
  });

  it('gives what is minted through a key no longer life than that key', async () => {
    const parent = await mint(owner, ['*'], { expiresInSeconds: 3600 });
    const child = await mint(whoHas(parent.token), ['keys:*'], { expiresInSeconds: 30 * day });

    const bounded = await rotate(whoHas(child.token), child.key.id);
    await rotate(owner, parent.key.id);
    const again = await rotate(whoHas(bounded.token), child.key.id);

    const ends = [parent, bounded, again].map(({ token }) => decodeJwt(token).exp ?? 0);
    expect(ends[1]).toBe(ends[0]);
    expect(ends[2]).toBeLessThanOrEqual(Math.floor(Date.now() / 1000) + 3600);
  });

  it('keeps a ceiling that was lowered, and what it can be raised to', async () => {
    const { key } = await mint(owner, ['records:read:*']);
    await gateway.ask(changeKey, { keyId: key.id, scopes: ['records:read:orders'] }, owner);

    const rotated = await rotate(owner, key.id);

    expect(rotated.key.scopes).toEqual(['records:read:orders']);
    expect(decodeJwt(rotated.token)).toMatchObject({ scope: 'records:read:*' });
    const raised = await gateway.ask(changeKey, { keyId: key.id, scopes: ['records:read:*'] }, owner);
    expect(raised.scopes).toEqual(['records:read:*']);
  });

  it('several times at once leaves one token that lives', async () => {
    const { key } = await mint(owner, ['keys:read']);

    const rotated = await Promise.all([1, 2, 3, 4].map(() => rotate(owner, key.id)));

    const stored = await storedKeys().findOne({ _id: key.id });
    const [living, ...replaced] = rotated
      .map(({ token }) => token)
      .sort((one, other) => Number(isPresent(other)) - Number(isPresent(one)));
    expect([living, ...replaced].filter(isPresent)).toHaveLength(1);
    for (const token of replaced) await untilRevoked(token);
    expect(isRevoked(living ?? '')).toBe(false);

    function isPresent(token = '') {
      return decodeJwt(token).jti === stored?.tokenId;
    }
  });

  it('ends the old token too where the process died before it could tell', async () => {
    const before = await mint(owner, ['keys:read']);
    const after = await rotate(owner, before.key.id, 3600);
    await storedKeys().updateOne(
      { _id: before.key.id },
      { $set: { 'previousTokens.0.isTold': false, 'previousTokens.0.endsAt': new Date() } },
    );

    await service.get(ProjectionsService).reconcile();

    await untilRevoked(before.token);
    expect(isRevoked(after.token)).toBe(false);
    const stored = await storedKeys().findOne({ _id: before.key.id });
    expect(stored?.previousTokens).toMatchObject([{ isTold: true }]);
  });
});

describe('who rotates a key', () => {
  it('is the key itself, and a key that it was minted through', async () => {
    const parent = await mint(owner, ['*']);
    const child = await mint(whoHas(parent.token), ['keys:*']);

    const byItself = await rotate(whoHas(child.token), child.key.id);
    const byParent = await rotate(whoHas(parent.token), child.key.id);

    expect([byItself, byParent].map(({ key }) => key.id)).toEqual([child.key.id, child.key.id]);
    expect(decodeJwt(byParent.token)).toMatchObject({ anc: [parent.key.id] });
  });

  it('is not another key of the same person, which would live on in the new token', async () => {
    const [thief, victim] = [await mint(owner, ['*']), await mint(owner, ['keys:read'])];

    expect(await refusal(whoHas(thief.token), victim.key.id)).toMatchObject({ code: 'SESSION_NEEDED' });
    expect(isRevoked(victim.token)).toBe(false);
  });

  it('needs the right to', async () => {
    const { token, key } = await mint(owner, ['keys:read']);

    expect(await refusal(whoHas(token), key.id)).toMatchObject({
      code: 'INSUFFICIENT_SCOPE',
      params: { scope: 'keys:update' },
    });
  });

  it('must hold what the key may do', async () => {
    const { key } = await mint(owner, ['records:read:orders']);

    expect(await refusal({ ...owner, scope: 'keys:*' }, key.id)).toMatchObject({
      code: 'SCOPE_NOT_HELD',
      params: { scope: 'records:read:orders' },
    });
  });

  it('is nobody else: not even an owner', async () => {
    const alice = await team.member(['keys:*']);
    const { key } = await mint(alice, ['keys:read']);

    for (const who of [owner, await team.member(['keys:*'])])
      expect(await refusal(who, key.id)).toMatchObject({ code: 'KEY_NOT_FOUND', params: { keyId: key.id } });
  });

  it('is told where the key has ended', async () => {
    const { key } = await mint(owner, ['keys:read']);
    await gateway.ask(revokeKey, { keyId: key.id }, owner);

    expect(await refusal(owner, key.id)).toMatchObject({ code: 'KEY_ENDED' });
  });

  it.each([[-1], [1.5], [30 * day + 1], ['60' as never]])('gives no grace of %j', async (graceSeconds) => {
    const { key } = await mint(owner, ['keys:read']);

    expect(await gateway.refusal(rotateKey, { keyId: key.id, graceSeconds }, owner)).toMatchObject({
      code: 'VALIDATION_FAILED',
    });
  });
});

describe('a key without an end, where the policy allows it', () => {
  it('shows none, and has a token of ten years', async () => {
    const { token, key } = await mint(owner, ['keys:*'], { expiresInSeconds: 'never' });

    expect(key.expiresAt).toBeNull();
    expect(lifetimeOf(token)).toBe(10 * 366 * day);
    expect((await rotate(owner, key.id)).key.expiresAt).toBeNull();
  });

  it('ends nevertheless with the key that it was minted through', async () => {
    const parent = await mint(owner, ['*'], { expiresInSeconds: 3600 });

    const child = await mint(whoHas(parent.token), ['keys:read'], { expiresInSeconds: 'never' });

    expect(child.key.expiresAt).toBe(parent.key.expiresAt);
  });

  it('can be minted through another', async () => {
    const parent = await mint(owner, ['*'], { expiresInSeconds: 'never' });

    const child = await mint(whoHas(parent.token), ['keys:read'], { expiresInSeconds: 'never' });

    expect(child.key.expiresAt).toBeNull();
    expect(decodeJwt(child.token).exp).toBeLessThanOrEqual(decodeJwt(parent.token).exp ?? 0);
  });
});
