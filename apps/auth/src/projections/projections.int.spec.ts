import { revocationKey } from '@keyport/access';
import {
  buckets,
  cloudEvent,
  createKey,
  keyRevoked,
  login,
  revokeKey,
  streams,
  type BucketContract,
} from '@keyport/contracts';
import { completionMarker, openBucket } from '@keyport/messaging';
import { untoldEvent, type UntoldEvent } from '@keyport/outbox';
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
  // Otherwise it would see by itself what a test has broken, and mend it before the test does.
  projections.onApplicationShutdown();
  gateway = await system.gateway();
  manager = await jetstreamManager(system.bus, { checkAPI: false, timeout: 60_000 });
  const { email, password } = await system.ownerFile();
  owner = whoHas((await gateway.ask(login, { email, password, address: '127.0.0.1' })).accessToken);
});

afterAll(() => system.stop());

const entryOf = (keyId: string) => revocationKey({ level: 'key', keyId });
const storedRevocations = () => system.database.collection<{ _id: string }>('revocations');
const mint = () => gateway.ask(createKey, { name: 'k', scopes: ['keys:read'] }, owner);
const storedKeys = () => system.database.collection<{ _id: string; untold: UntoldEvent[] }>('keys');

async function contentOf(bucket: BucketContract): Promise<Record<string, unknown>> {
  const kv = await openBucket(system.bus, bucket);
  const entries: Record<string, unknown> = {};
  for await (const key of await kv.keys()) entries[key] = (await kv.get(key))?.json();
  return entries;
}

/** The event that tells of it, wherever in the stream it is. */
async function revocationTold(keyId: string) {
  const { state } = await manager.streams.info(streams.events.name);
  for (let seq = state.last_seq; seq >= state.first_seq; seq -= 1) {
    const event = cloudEvent.parse((await manager.streams.getMessage(streams.events.name, { seq }))?.json());
    if (event.subject === keyId && event.type === keyRevoked.type) return event;
  }
  return undefined;
}

const withoutMarker = ({ [completionMarker]: _marker, ...entries }: Record<string, unknown>) => entries;

describe.each([buckets.revocations, buckets.jwks, buckets.rights])('the projection $name', (bucket) => {
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
    await kv.put('key.planted', JSON.stringify({ before: null, expiresAt: null }));
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
    expect(await contentOf(buckets.revocations)).toHaveProperty([entryOf(key.id)]);
    await storedRevocations().updateOne({ _id: entryOf(key.id) }, { $set: { endsAt: new Date(Date.now() - 1) } });

    await projections.reconcile();

    expect(await contentOf(buckets.revocations)).not.toHaveProperty([entryOf(key.id)]);
  });

  it('made while the bucket is reconciled stay', async () => {
    const minted = await Promise.all(Array.from({ length: 20 }, () => mint()));

    const rounds = (async () => {
      for (let round = 0; round < 8; round += 1) await projections.reconcile();
    })();
    await Promise.all(minted.map(({ key }) => gateway.ask(revokeKey, { keyId: key.id }, owner)));
    await rounds;

    const entries = await contentOf(buckets.revocations);
    for (const { key } of minted) expect(entries).toHaveProperty([entryOf(key.id)]);
  });

  it('that a process stored and died before it could tell are shown and announced', async () => {
    const { key } = await mint();
    const revokedAt = new Date();
    const untold = untoldEvent(keyRevoked, { revokedAt: revokedAt.toISOString() });
    await storedKeys().updateOne(
      { _id: key.id },
      {
        $set: { revokedAt, revocationKeptUntil: new Date(Date.now() + 3_600_000), revocationAnnounced: false },
        $push: { untold },
      },
    );

    await projections.reconcile();

    expect(await contentOf(buckets.revocations)).toHaveProperty([entryOf(key.id)]);
    expect(await eventually(() => revocationTold(key.id), Boolean)).toMatchObject({
      data: { keyId: key.id, revokedAt: revokedAt.toISOString() },
    });
    expect(await storedKeys().findOne({ _id: key.id })).toMatchObject({ revocationAnnounced: true });
  });
});

describe('auth', () => {
  beforeAll(async () => {
    await system.endServices();
    await system.serve();
  });

  it.each([buckets.revocations, buckets.jwks, buckets.rights])(
    'notices by itself that $name was emptied, or deleted, and makes it whole',
    async (bucket) => {
      const before = await contentOf(bucket);
      const untilWhole = () =>
        eventually(
          () => contentOf(bucket).catch(() => ({})),
          (entries) => completionMarker in entries,
        );

      await manager.streams.purge(`KV_${bucket.name}`);
      const afterPurge = await untilWhole();
      await manager.streams.delete(`KV_${bucket.name}`);
      const afterDeletion = await untilWhole();

      for (const after of [afterPurge, afterDeletion]) expect(withoutMarker(after)).toEqual(withoutMarker(before));
    },
    120_000,
  );

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
    // Auth itself compares the bucket with MongoDB once the bus is back, and every minute.
    await system.endServices();
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

  it('writes and deletes thousands of entries, and leaves alone those that others write meanwhile', async () => {
    const keys = Array.from({ length: 2_500 }, (_, index) => `many-${index}`);
    const wanted = new Map(keys.map((key) => [key, { n: 1 }]));
    const raced = keys[1_234] ?? '';

    await project(asAuth, bucket, async () => {
      await kv.put(raced, '2');
      return wanted;
    });
    const values = await contentOf(bucket);
    await project(asAuth, bucket, async () => {
      await kv.put(raced, '3');
      return new Map();
    });

    expect(keys.filter((key) => JSON.stringify(values[key]) !== '{"n":1}')).toEqual([raced]);
    expect(values[raced]).toBe(2);
    expect(Object.keys(withoutMarker(await contentOf(bucket)))).toEqual([raced]);
    await kv.delete(raced);
  }, 240_000);

  it('does not mark a bucket that was emptied while it was filled', async () => {
    const wanted = async function* () {
      yield ['first', 1] as const;
      for (let index = 0; index < 1_500; index += 1) yield [`filled-${index}`, 1] as const;
      await manager.streams.purge(`KV_${bucket.name}`);
      yield ['last', 1] as const;
    };
    await manager.streams.purge(`KV_${bucket.name}`);

    await expect(project(asAuth, bucket, wanted)).rejects.toThrow('was emptied while it was filled');
  });
});
