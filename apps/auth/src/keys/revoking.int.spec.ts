import { setTimeout as delay } from 'node:timers/promises';
import { RevocationView, type Revocable } from '@keyport/access';
import { buckets, createKey, getKey, listKeys, login, revokeKey, streams } from '@keyport/contracts';
import { openBucket } from '@keyport/messaging';
import { eventually, whoHas, type GatewayDouble, type Who } from '@keyport/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { decodeJwt } from 'jose';
import { AuthSystem } from '../harness/auth-system.ts';

const day = 24 * 3600;

let system: AuthSystem;
let gateway: GatewayDouble;
let view: RevocationView;
let ownerSession: Who;

beforeAll(async () => {
  system = await AuthSystem.start();
  await system.serve();
  gateway = await system.gateway();
  view = new RevocationView(await system.servers.connectionOf('gateway'));
  view.start();
  const { email, password } = await system.ownerFile();
  ownerSession = whoHas((await gateway.ask(login, { email, password })).accessToken);
});

afterAll(async () => {
  view.stop();
  await system.stop();
});

const mint = (who: Who, scopes: string[], expiresInSeconds?: number) =>
  gateway.ask(createKey, { name: 'nightly export', scopes, ...(expiresInSeconds && { expiresInSeconds }) }, who);

const revocable = (token: string): Revocable => {
  const { jti = '', key, anc = [] } = decodeJwt<{ key?: string; anc?: string[] }>(token);
  return { tokenId: jti, keyId: key, ancestors: anc };
};

const eventCount = async () =>
  (await (await jetstreamManager(system.bus, { checkAPI: false })).streams.info(streams.events.name)).state.messages;

describe('revoking a key', () => {
  it('is seen by whoever follows the bus within a second, for the key and for all minted through it', async () => {
    const parent = await mint(ownerSession, ['*']);
    const child = await mint(whoHas(parent.token), ['*']);
    const grandchild = await mint(whoHas(child.token), ['*']);
    await eventually(() => view.isReady, Boolean);

    await gateway.ask(revokeKey, { keyId: parent.key.id }, ownerSession);

    const answered = Date.now();
    for (const { token } of [parent, child, grandchild])
      await eventually(() => view.isRevoked(revocable(token)), Boolean);
    expect(Date.now() - answered).toBeLessThan(1_000);
    expect(view.isRevoked(revocable((await mint(ownerSession, ['*'])).token))).toBe(false);
    const refused = await gateway.refusal(listKeys, {}, whoHas(grandchild.token));
    expect(refused).toMatchObject({ code: 'TOKEN_REVOKED' });
  });

  it('leaves the key above it as it is', async () => {
    const parent = await mint(ownerSession, ['*']);
    const child = await mint(whoHas(parent.token), ['*']);

    await gateway.ask(revokeKey, { keyId: child.key.id }, ownerSession);

    await eventually(() => view.isRevoked(revocable(child.token)), Boolean);
    expect(view.isRevoked(revocable(parent.token))).toBe(false);
  });

  it('is kept on the bus as long as the token, or a job started with it, could live', async () => {
    const { key } = await mint(ownerSession, ['keys:read'], 60);

    await gateway.ask(revokeKey, { keyId: key.id }, ownerSession);

    const entry = await (await openBucket(system.bus, buckets.revocations)).get(`key.${key.id}`);
    const { revokedAt = 0, expiresAt = 0 } = entry?.json<{ revokedAt: number; expiresAt: number }>() ?? {};
    expect(expiresAt - revokedAt).toBeGreaterThanOrEqual(30 * day);
  });

  it('twice, or twice at once, changes nothing and tells the world once', async () => {
    const { key } = await mint(ownerSession, ['keys:read']);
    const before = await eventCount();

    await Promise.all([1, 2].map(() => gateway.ask(revokeKey, { keyId: key.id }, ownerSession)));
    const first = await gateway.ask(getKey, { keyId: key.id }, ownerSession);
    await delay(1_100);
    await gateway.ask(revokeKey, { keyId: key.id }, ownerSession);

    expect(await gateway.ask(getKey, { keyId: key.id }, ownerSession)).toEqual(first);
    expect(first.revokedAt).not.toBeNull();
    expect(await eventCount()).toBe(before + 1);
  });

  it('publishes a CloudEvent that names the key', async () => {
    const { key } = await mint(ownerSession, ['keys:read']);
    await gateway.ask(revokeKey, { keyId: key.id }, ownerSession);

    const manager = await jetstreamManager(system.bus, { checkAPI: false });
    const message = await manager.streams.getMessage(streams.events.name, { last_by_subj: 'events.v1.key.revoked' });

    expect(message?.json()).toMatchObject({
      specversion: '1.0',
      type: 'keyport.key.revoked',
      source: '/keyport/auth',
      subject: key.id,
      data: { keyId: key.id },
    });
  });
});
