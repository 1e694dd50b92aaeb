import { setTimeout as delay } from 'node:timers/promises';
import { revocationKey, RevocationView } from '@keyport/access';
import {
  buckets,
  createKey,
  getKey,
  keyCreated,
  keyRevoked,
  listKeys,
  login,
  revokeKey,
  streams,
} from '@keyport/contracts';
import { openBucket } from '@keyport/messaging';
import { eventually, quickest, whoHas, type GatewayDouble, type Who } from '@keyport/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import type { INestMicroservice } from '@nestjs/common';
import { AuthSystem } from '../harness/auth-system.ts';
import { identityIn } from '../harness/identity-in.ts';
import { ProjectionsService } from '../projections/projections.service.ts';
import type { Key } from './key.model.ts';

const day = 24 * 3600;

let system: AuthSystem;
let service: INestMicroservice;
let gateway: GatewayDouble;
let view: RevocationView;
let ownerSession: Who;

beforeAll(async () => {
  system = await AuthSystem.start();
  service = await system.serve();
  gateway = await system.gateway();
  view = new RevocationView(await system.servers.connectionOf('gateway'));
  view.start();
  const { email, password } = await system.ownerFile();
  ownerSession = whoHas((await gateway.ask(login, { email, password, address: '127.0.0.1' })).accessToken);
});

afterAll(async () => {
  view.stop();
  await system.stop();
});

const mint = (who: Who, scopes: string[], expiresInSeconds?: number) =>
  gateway.ask(createKey, { name: 'nightly export', scopes, ...(expiresInSeconds && { expiresInSeconds }) }, who);

interface ToldEvent {
  readonly subject: string;
  readonly type: string;
}

/** The events that tell of a key, once the last of them is of this type. */
async function toldOf(keyId: string, last: string): Promise<ToldEvent[]> {
  const manager = await jetstreamManager(system.bus, { checkAPI: false, timeout: 60_000 });
  const events = async () => {
    const { state } = await manager.streams.info(streams.events.name);
    const sequences = Array.from({ length: state.messages }, (_, index) => state.first_seq + index);
    const messages = await Promise.all(
      sequences.map((seq) => manager.streams.getMessage(streams.events.name, { seq })),
    );
    const all = messages.map((message) => message?.json<ToldEvent>());
    return all.filter((event) => event !== undefined).filter(({ subject }) => subject === keyId);
  };
  return eventually(events, (told) => told.at(-1)?.type === last);
}

describe('revoking a key', () => {
  it('is seen by whoever follows the bus within a second, for the key and for all minted through it', async () => {
    await eventually(() => view.isReady, Boolean);
    const tried = async () => {
      const parent = await mint(ownerSession, ['*']);
      const child = await mint(whoHas(parent.token), ['*']);
      const grandchild = await mint(whoHas(child.token), ['*']);

      await gateway.ask(revokeKey, { keyId: parent.key.id }, ownerSession);

      const answered = Date.now();
      for (const { token } of [parent, child, grandchild])
        await eventually(() => view.isRevoked(identityIn(token)), Boolean);
      const ms = Date.now() - answered;
      // Auth follows the bus by itself.
      await eventually(
        () => gateway.refusal(listKeys, {}, whoHas(grandchild.token)),
        (refused) => refused?.code === 'TOKEN_REVOKED',
      );
      return ms;
    };

    expect(await quickest(1_000, tried)).toBeLessThan(1_000);
    expect(view.isRevoked(identityIn((await mint(ownerSession, ['*'])).token))).toBe(false);
  });

  it('says of all that was minted through it that it is revoked, and of each until when that is shown', async () => {
    const parent = await mint(ownerSession, ['*'], 3600);
    const child = await mint(whoHas(parent.token), ['*'], 60);
    const grandchild = await mint(whoHas(child.token), ['*'], 60);

    await gateway.ask(revokeKey, { keyId: parent.key.id }, ownerSession);

    for (const { key } of [child, grandchild]) {
      const { revokedAt } = await gateway.ask(getKey, { keyId: key.id }, ownerSession);
      expect(revokedAt).not.toBeNull();
      const stored = await system.database.collection<Key>('keys').findOne({ _id: key.id });
      const keptUntil = stored?.revocationKeptUntil?.getTime() ?? 0;
      expect(keptUntil - Date.parse(revokedAt ?? '')).toBeGreaterThanOrEqual(30 * day * 1000);
    }
  });

  it('is completed at the next look where a process died after it had marked the key alone', async () => {
    const parent = await mint(ownerSession, ['*']);
    const child = await mint(whoHas(parent.token), ['*']);
    const revokedAt = new Date();
    const revocationKeptUntil = new Date(revokedAt.getTime() + 365 * day * 1000);
    const keys = system.database.collection<Key>('keys');
    await keys.updateOne({ _id: parent.key.id }, { $set: { revokedAt, revocationKeptUntil } });

    await service.get(ProjectionsService).reconcile();

    await eventually(() => view.isRevoked(identityIn(child.token)), Boolean);
    expect((await gateway.ask(getKey, { keyId: child.key.id }, ownerSession)).revokedAt).toBe(revokedAt.toISOString());
  });

  it('leaves the key above it as it is', async () => {
    const parent = await mint(ownerSession, ['*']);
    const child = await mint(whoHas(parent.token), ['*']);

    await gateway.ask(revokeKey, { keyId: child.key.id }, ownerSession);

    await eventually(() => view.isRevoked(identityIn(child.token)), Boolean);
    expect(view.isRevoked(identityIn(parent.token))).toBe(false);
  });

  it('is kept on the bus as long as the token, or a job started with it, could live', async () => {
    const { key } = await mint(ownerSession, ['keys:read'], 60);

    await gateway.ask(revokeKey, { keyId: key.id }, ownerSession);

    const name = revocationKey({ level: 'key', keyId: key.id });
    const entry = await (await openBucket(system.bus, buckets.revocations)).get(name);
    expect(entry?.json()).toMatchObject({ before: null });
    expect(entry?.json<{ expiresAt: number }>().expiresAt).toBeGreaterThanOrEqual(Date.now() / 1000 + 30 * day);
  });

  it('twice, or twice at once, changes nothing and tells the world once', async () => {
    const { key } = await mint(ownerSession, ['keys:read']);

    await Promise.all([1, 2].map(() => gateway.ask(revokeKey, { keyId: key.id }, ownerSession)));
    const first = await gateway.ask(getKey, { keyId: key.id }, ownerSession);
    await delay(1_100);
    await gateway.ask(revokeKey, { keyId: key.id }, ownerSession);

    expect(await gateway.ask(getKey, { keyId: key.id }, ownerSession)).toEqual(first);
    expect(first.revokedAt).not.toBeNull();
    const told = await toldOf(key.id, keyRevoked.type);
    expect(told.map(({ type }) => type)).toEqual([keyCreated.type, keyRevoked.type]);
  });

  it('publishes a CloudEvent that names the key', async () => {
    const { key } = await mint(ownerSession, ['keys:read']);
    await gateway.ask(revokeKey, { keyId: key.id }, ownerSession);

    const told = await toldOf(key.id, keyRevoked.type);

    expect(told.at(-1)).toMatchObject({
      specversion: '1.0',
      type: 'keyport.key.revoked',
      source: '/keyport/auth',
      subject: key.id,
      data: { keyId: key.id, owner: key.owner },
    });
  });
});
