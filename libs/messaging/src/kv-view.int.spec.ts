import { setTimeout as delay } from 'node:timers/promises';
import { buckets, republishOf, type BucketContract, type ServiceName } from '@keyport/contracts';
import { startTemporaryServers, type Servers } from '@keyport/stack';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import { connectBus } from './connection.ts';
import { createBucket } from './jetstream.ts';
import { completionMarker } from './kv-follower.ts';
import { KvView, type KvViewOptions } from './kv-view.ts';

const entry = z.object({ n: z.number() });
type View = KvView<typeof entry>;

let servers: Servers;
let owner: NatsConnection;
let watcher: NatsConnection;
let bucket: KV;
const views: View[] = [];

const connectAs = (service: ServiceName) => {
  const { NATS_USER, NATS_PASSWORD } = servers.envOf(service);
  return connectBus({ service, url: servers.natsUrl, user: NATS_USER, password: NATS_PASSWORD });
};

/** As tools do, in the account of the bucket's owner. */
async function asTool(act: (manager: JetStreamManager) => Promise<unknown>): Promise<void> {
  const tool = await connectBus({ service: 'admin-auth', url: servers.natsUrl, ...servers.natsAdminOf('admin-auth') });
  await act(await jetstreamManager(tool, { checkAPI: false }));
  await tool.close();
}

/** Deletes a bucket, which no service may. */
const dropBucket = ({ name }: BucketContract) =>
  asTool((manager) => manager.streams.delete(`KV_${name}`).catch(() => undefined));

/** Whether those who watch a bucket are told of its changes, from now on. */
const tell = ({ name }: BucketContract, isTold: boolean) =>
  asTool(async (manager) => {
    const { config } = await manager.streams.info(`KV_${name}`);
    await manager.streams.update(`KV_${name}`, { ...config, republish: isTold ? republishOf({ name }) : undefined });
  });

function startView(options: Partial<KvViewOptions<typeof entry>> = {}): View {
  const view = new KvView(watcher, {
    bucket: buckets.revocations,
    schema: entry,
    needsMarker: false,
    inspectEveryMs: 200,
    ...options,
  });
  view.start();
  views.push(view);
  return view;
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await delay(5);
}

const put = (key: string, n: number, kv = bucket) => kv.put(key, JSON.stringify({ n }));

/** Kills nats-server; resolves when the one that is started in its place serves. */
async function restartNats(): Promise<void> {
  const { nats } = servers.processes;
  const before = nats?.pid;
  if (before === undefined) throw new Error('nats-server does not run');
  process.kill(before, 'SIGKILL');
  await until(() => nats?.pid !== undefined && nats.pid !== before);
  for (const connection of [owner, watcher]) await reconnected(connection);
}

async function reconnected(connection: NatsConnection): Promise<void> {
  for (;;) {
    try {
      return await connection.flush();
    } catch {
      await delay(10);
    }
  }
}

beforeAll(async () => {
  servers = await startTemporaryServers();
  owner = await connectAs('auth');
  watcher = await connectAs('records');
});

beforeEach(async () => {
  await dropBucket(buckets.revocations);
  bucket = await createBucket(owner, buckets.revocations);
});

afterEach(() => {
  for (const view of views.splice(0)) view.stop();
});

afterAll(async () => {
  await owner.close();
  await watcher.close();
  await servers.stop();
});

describe('KvView', () => {
  it('holds what is in the bucket, then what changes in it, deletions too', async () => {
    await put('a', 1);
    await put('b', 1);
    const view = startView();
    await until(() => view.isReady);
    expect(view.size).toBe(2);

    await put('a', 2);
    await bucket.delete('b');
    await until(() => view.get('a')?.n === 2 && view.get('b') === undefined);

    expect([...view.values()]).toEqual([{ n: 2 }]);
  });

  it('is ready on an empty bucket', async () => {
    const view = startView();

    await until(() => view.isReady);

    expect(view.size).toBe(0);
  });

  it('is not ready before the marker where it needs one', async () => {
    await put('a', 1);
    const view = startView({ needsMarker: true });
    await until(() => view.size === 1);
    await delay(100);
    expect(view.isReady).toBe(false);

    await bucket.put(completionMarker, '{}');
    await until(() => view.isReady);

    expect(view.get(completionMarker)).toBeUndefined();
  });

  it('waits for a bucket that is yet to be made', async () => {
    await dropBucket(buckets.revocations);
    const view = startView();
    await delay(300);
    expect(view.isReady).toBe(false);

    bucket = await createBucket(owner, buckets.revocations);
    await put('a', 1);

    await until(() => view.isReady && view.size === 1);
  });

  it('keeps what it holds where a new value cannot be read', async () => {
    const invalid: string[] = [];
    const view = startView({ onInvalid: (key) => invalid.push(key) });
    await put('a', 1);
    await until(() => view.size === 1);

    await bucket.put('a', 'no JSON');
    await bucket.put('a', '{"n":"1"}');
    await until(() => invalid.length === 2);

    expect(view.get('a')).toEqual({ n: 1 });
  });

  it('answers while nats-server is away, and within a second of its return sees puts and deletions', async () => {
    const view = startView();
    await put('a', 1);
    await put('b', 1);
    await until(() => view.size === 2);

    let round = 1;
    /** Milliseconds until both are seen. */
    const seenAfter = async (isDeletion: boolean) => {
      round += 1;
      const restarted = restartNats();
      expect(view.isReady && view.get('a')?.n).toBe(round - 1);
      await restarted;
      await put('a', round);
      await (isDeletion ? bucket.delete('b') : put('b', round));
      const started = Date.now();
      await until(() => view.get('a')?.n === round && view.get('b')?.n === (isDeletion ? undefined : round));
      return Date.now() - started;
    };

    for (const isDeletion of [false, true, false]) {
      let ms = await seenAfter(isDeletion);
      // A machine that stands still for a moment spoils one try.
      for (let left = 4; left > 0 && ms >= 1_000; left -= 1) ms = await seenAfter(isDeletion);
      expect(ms).toBeLessThan(1_000);
    }
  }, 180_000);

  it('reads a bucket afresh that was made anew, and drops what is not in it', async () => {
    const changes: [string, number | undefined][] = [];
    const view = startView({ onChange: (key, value) => changes.push([key, value?.n]) });
    for (const n of [1, 2, 3]) await put('a', n);
    await put('gone', 1);
    await until(() => view.size === 2);

    await dropBucket(buckets.revocations);
    bucket = await createBucket(owner, buckets.revocations);
    await put('a', 9);
    await until(() => view.get('a')?.n === 9 && view.size === 1);

    expect(view.isReady).toBe(true);
    expect(changes.at(-1)).toEqual(['gone', undefined]);
  });

  it('drops entries that were not renewed within their time, of which JetStream does not tell', async () => {
    const shortLived = { ...buckets.contextKeys, ttlMs: 1_500 };
    await dropBucket(shortLived);
    const kv = await createBucket(owner, shortLived);
    // Only a gateway may write there.
    const gateway = await connectAs('gateway');
    await gateway.request(`$KV.${shortLived.name}.old`, '{"n":1}');
    const dropped: string[] = [];
    const onChange = (key: string, value: unknown) => void (value === undefined && dropped.push(key));
    const view = startView({ bucket: shortLived, onChange });
    // Again, should it have ended before it was seen.
    while (!view.get('old')) {
      await delay(20);
      if (view.isReady && !view.get('old')) await gateway.request(`$KV.${shortLived.name}.old`, '{"n":1}');
    }

    const renewal = setInterval(() => gateway.publish(`$KV.${shortLived.name}.kept`, '{"n":2}'), 300);
    await until(() => view.get('kept') !== undefined && view.get('old') === undefined);
    // Nothing is renewed while the machine stands still.
    do {
      dropped.length = 0;
      await delay(1_600);
    } while (dropped.length > 0);

    await until(() => view.get('kept')?.n === 2);
    expect(await kv.get('old')).toBeNull();
    clearInterval(renewal);
    await gateway.close();
  });

  it('reads on where it is not told of a change, within two looks', async () => {
    const view = startView();
    await put('a', 1);
    await until(() => view.size === 1);

    await tell(buckets.revocations, false);
    await put('a', 2);
    const untold = view.contactAt;
    await until(() => view.get('a')?.n === 2);
    await until(() => view.contactAt > untold);
  });

  it('reads what it missed as soon as it hears of something later', async () => {
    const view = startView({ inspectEveryMs: 600_000 });
    await put('a', 1);
    await until(() => view.size === 1);

    await tell(buckets.revocations, false);
    for (const key of ['a', 'b']) await put(key, 2);
    await tell(buckets.revocations, true);
    await put('c', 2);

    await until(() => ['a', 'b', 'c'].every((key) => view.get(key)?.n === 2));
  });

  it('drops what it holds of a bucket that was emptied', async () => {
    const view = startView();
    for (const key of ['a', 'b']) await put(key, 1);
    await until(() => view.size === 2);

    await asTool((manager) => manager.streams.purge(`KV_${buckets.revocations.name}`));
    await until(() => view.size === 0);
    await put('c', 1);

    await until(() => view.get('c')?.n === 1);
  });

  it('holds what was written while it read, and the last of it', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `key-${index}`);
    for (const name of names) await put(name, 0);
    const views = [];
    for (let n = 1; n <= 5; n += 1) {
      views.push(startView());
      await Promise.all(names.map((name) => put(name, n)));
    }

    for (const view of views) await until(() => names.every((name) => view.get(name)?.n === 5));
  });

  it('knows when it was last in touch, with nothing to hear', async () => {
    const view = startView();
    expect(view.contactAt).toBe(0);
    await until(() => view.isReady);

    const before = view.contactAt;
    await until(() => view.contactAt > before);

    await until(() => Date.now() - view.contactAt < 1_000);
  });

  it('follows no more once it was stopped', async () => {
    const view = startView();
    await until(() => view.isReady);
    view.stop();
    await delay(100);

    await put('a', 1);
    await delay(100);

    expect(view.size).toBe(0);
  });
});
