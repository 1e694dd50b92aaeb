import { buckets, serviceNames, streams, type BucketContract, type ServiceName } from '@keyport/contracts';
import { startTemporaryServers, type Servers } from '@keyport/stack';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream, type StreamConfig } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { connectBus } from './connection.ts';
import { createBucket, ensureStream } from './jetstream.ts';

let servers: Servers;
const connections = new Map<ServiceName, NatsConnection>();

/** The connection of a service, with its own NATS user. */
const as = (service: ServiceName): NatsConnection => {
  const connection = connections.get(service);
  if (!connection) throw new Error(`${service} is not connected`);
  return connection;
};

beforeAll(async () => {
  servers = await startTemporaryServers();
  for (const service of serviceNames) {
    const { NATS_USER: user, NATS_PASSWORD: password } = servers.envOf(service);
    connections.set(service, await connectBus({ service, url: servers.natsUrl, user, password }));
  }
  for (const bucket of Object.values(buckets)) await createBucket(as(bucket.owner), bucket);
});

afterAll(async () => {
  await Promise.all([...connections.values()].map((connection) => connection.close()));
  await servers.stop();
});

const rights = Object.values(buckets as Record<string, BucketContract>).flatMap((bucket) =>
  serviceNames.map((service) => ({
    service,
    bucket,
    does: bucket.writers.includes(service) ? ('writes' as const) : ('cannot write' as const),
  })),
);

describe('the bucket', () => {
  it.each(rights)('$bucket.name: $service $does', async ({ service, bucket, does }) => {
    const subject = `$KV.${bucket.name}.from-${service}`;
    const written = jetstream(as(service))
      .publish(subject, '{}', { timeout: 50_000 })
      .then(
        () => 'writes',
        () => 'cannot write',
      );

    expect(await written).toBe(does);
    // By the owner, who need not be one of those that may read what is in it.
    const { streams: owned } = await jetstream(as(bucket.owner)).jetstreamManager(false);
    const { state } = await owned.info(`KV_${bucket.name}`, { subjects_filter: subject });
    expect(state.subjects?.[subject] !== undefined).toBe(does === 'writes');
  });

  it('is left as it is where it exists', async () => {
    const kv = await createBucket(as('auth'), buckets.jwks);
    await kv.put('kept', '1');

    await createBucket(as('auth'), buckets.jwks);

    expect((await kv.get('kept'))?.string()).toBe('1');
  });
});

describe('a stream', () => {
  it('takes new settings and keeps what is in it', async () => {
    const settings = (days: number): Partial<StreamConfig> => ({ max_age: nanos(days * 86_400_000) });
    await ensureStream(as('auth'), streams.events, settings(1));
    await jetstream(as('auth')).publish('events.v1.key.revoked', '{}');

    await ensureStream(as('auth'), streams.events, settings(7));

    const { config, state } = await (await jetstream(as('auth')).jetstreamManager(false)).streams.info('EVENTS');
    expect(config.max_age).toBe(nanos(7 * 86_400_000));
    expect(state.messages).toBe(1);
  });

  it('cannot be made or changed by a service that does not own it', async () => {
    await expect(ensureStream(as('records'), streams.events, {})).rejects.toThrow(/Permissions Violation/);
  });
});
