import { buckets, createKey, keyRevoked, login, revokeKey, streams, type BucketContract } from '@keyport/contracts';
import { completionMarker, openBucket } from '@keyport/messaging';
import { eventually, whoHas, type GatewayDouble, type Who } from '@keyport/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { AuthSystem } from '../harness/auth-system.ts';
import { project } from './project.ts';
import { ProjectionsService } from './projections.service.ts';

let system: AuthSystem;
let gateway: GatewayDouble;
let manager: JetStreamManager;
let projections: ProjectionsService;
let owner: Who;

beforeAll(async () => {
  system = await AuthSystem.start();
  projections = (await system.serve()).get(ProjectionsService);
  gateway = await system.gateway();
  manager = await jetstreamManager(system.bus, { checkAPI: false });
  const { email, password } = await system.ownerFile();
  owner = whoHas((await gateway.ask(login, { email, password })).accessToken);
});

afterAll(() => system.stop());

const mint = () => gateway.ask(createKey, { name: 'k', scopes: ['keys:read'] }, owner);
const storedKeys = () => system.database.collection<{ _id: string }>('keys');

async function contentOf(bucket: BucketContract): Promise<Record<string, unknown>> {
  const kv = await openBucket(system.bus, bucket);
  const entries: Record<string, unknown> = {};
  for await (const key of await kv.keys()) entries[key] = (await kv.get(key))?.json();
  return entries;
}

const withoutMarker = ({ [completionMarker]: _marker, ...entries }: Record<string, unknown>) => entries;

describe.each([buckets.revocations, buckets.jwks])('the projection $name', (bucket) => {
  it('is whole again after the bucket was emptied', async () => {
    const { key } = await mint();
    await gateway.ask(revokeKey, { keyId: key.id }, owner);
    const before = await contentOf(bucket);
    await manager.streams.purge(`KV_${bucket.name}`);
    expect(await contentOf(bucket)).toEqual({});

    await projections.reconcile();

    const after = await contentOf(bucket);
    expect(Object.keys(before).length).toBeGreaterThan(1);
    expect(withoutMarker(after)).toEqual(withoutMarker(before));
    expect(after).toHaveProperty(completionMarker);
  });

  it('is whole again after the bucket itself was deleted', async () => {
    const before = await contentOf(bucket);
    await manager.streams.delete(`KV_${bucket.name}`);

    await projections.reconcile();

    expect(withoutMarker(await contentOf(bucket))).toEqual(withoutMarker(before));
  });

  it('loses what does not belong, and gets back what was changed', async () => {
    const before = await contentOf(bucket);
    const [changed = ''] = Object.keys(withoutMarker(before));
    const kv = await openBucket(system.bus, bucket);
    await kv.put('key.planted', JSON.stringify({ revokedAt: 1, expiresAt: null }));
    await kv.put(changed, '{}');

    await projections.reconcile();

    expect(await contentOf(bucket)).toEqual(before);
  });

  it('is left alone where nothing is to be done', async () => {
    const { state: before } = await manager.streams.info(`KV_${bucket.name}`);

    await projections.reconcile();

    expect((await manager.streams.info(`KV_${bucket.name}`)).state.last_seq).toBe(before.last_seq);
  });
});

describe('the revocations', () => {
  it('go once neither a token nor a job can need them', async () => {
    const { key } = await mint();
    await gateway.ask(revokeKey, { keyId: key.id }, owner);
    expect(await contentOf(buckets.revocations)).toHaveProperty([`key.${key.id}`]);
    await storedKeys().updateOne({ _id: key.id }, { $set: { revocationKeptUntil: new Date(Date.now() - 1) } });

    await projections.reconcile();

    expect(await contentOf(buckets.revocations)).not.toHaveProperty([`key.${key.id}`]);
  });

  it('made while the bucket is reconciled stay', async () => {
    const minted = await Promise.all(Array.from({ length: 20 }, () => mint()));

    const rounds = (async () => {
      for (let round = 0; round < 8; round += 1) await projections.reconcile();
    })();
    await Promise.all(minted.map(({ key }) => gateway.ask(revokeKey, { keyId: key.id }, owner)));
    await rounds;

    const entries = await contentOf(buckets.revocations);
    for (const { key } of minted) expect(entries).toHaveProperty([`key.${key.id}`]);
  });

  it('that a process stored and died before it could tell are shown and announced', async () => {
    const { key } = await mint();
    const revokedAt = new Date();
    await storedKeys().updateOne(
      { _id: key.id },
      { $set: { revokedAt, revocationKeptUntil: new Date(Date.now() + 3_600_000), revocationAnnounced: false } },
    );

    await projections.reconcile();

    const event = await manager.streams.getMessage(streams.events.name, { last_by_subj: keyRevoked.subject });
    expect(await contentOf(buckets.revocations)).toHaveProperty([`key.${key.id}`]);
    expect(event?.json()).toMatchObject({ data: { keyId: key.id, revokedAt: revokedAt.toISOString() } });
    expect(await storedKeys().findOne({ _id: key.id })).toMatchObject({ revocationAnnounced: true });
  });
});

describe('auth', () => {
  it('makes its projections whole by itself when nats-server comes back empty', async () => {
    const before = await contentOf(buckets.revocations);
    await manager.streams.delete(`KV_${buckets.revocations.name}`);

    await system.servers.kill('nats');

    const after = await eventually(
      () => contentOf(buckets.revocations).catch(() => ({})),
      (entries) => completionMarker in entries,
    );
    expect(withoutMarker(after)).toEqual(withoutMarker(before));
  });
});

describe('project', () => {
  const bucket = buckets.jwks;
  let asAuth: NatsConnection;
  let kv: KV;

  beforeAll(async () => {
    asAuth = await system.servers.connectionOf('auth');
    kv = await openBucket(system.bus, bucket);
  });

  it('does not delete what was written again after it was found not to belong', async () => {
    await kv.put('raced', '1');

    await project(asAuth, bucket, async () => {
      await kv.put('raced', '2');
      return new Map();
    });

    expect((await kv.get('raced'))?.string()).toBe('2');
  });

  it('clears away the traces of deletions of some age, and not before', async () => {
    await kv.put('passing', '1');
    await kv.delete('passing');

    await project(asAuth, bucket, async () => new Map());
    expect((await kv.get('passing'))?.operation).toBe('DEL');
    await project(asAuth, bucket, async () => new Map(), 0);

    expect(await kv.get('passing')).toBeNull();
  });
});
