import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { republishOf, type BucketContract, type StreamContract } from '@keyport/contracts';
import { jetstream, jetstreamManager, JetStreamApiError, type StreamConfig } from '@nats-io/jetstream';
import { Kvm, type KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';

/** JetStream API error codes (nats-server, `errors.json`). */
const streamNameInUse = 10058;
/** JSStreamStoreFailedF ("maximum bytes exceeded"), insufficient resources, storage resources exceeded. */
const streamFullCodes = new Set([10077, 10023, 10047]);

/** A message was refused since the stream, or the server's disk for streams, is full. */
export const isStreamFull = (error: unknown): boolean =>
  error instanceof JetStreamApiError && streamFullCodes.has(error.code);

/** Creates the stream, or gives an existing one these settings. For the service that owns it. */
export async function ensureStream(
  connection: NatsConnection,
  stream: StreamContract,
  settings: Partial<StreamConfig>,
): Promise<void> {
  const manager = await jetstreamManager(connection, { checkAPI: false });
  const config = { ...settings, name: stream.name, subjects: [...stream.subjects] };
  try {
    await manager.streams.add(config);
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== streamNameInUse) throw error;
    await manager.streams.update(stream.name, config);
  }
}

/** Creates the bucket where it is missing. For the service that owns it. */
export function createBucket(connection: NatsConnection, bucket: BucketContract): Promise<KV> {
  const client = jetstream(connection, { checkAPI: false });
  return new Kvm(client).create(bucket.name, {
    history: 1,
    ttl: bucket.ttlMs,
    ...(bucket.watchers.length > 0 && { republish: republishOf(bucket) }),
    ...(bucket.maxBytes && { max_bytes: bucket.maxBytes }),
  });
}

/** Creates the bucket where it is missing, and has an existing one tell those who watch it of its changes. */
export async function ensureBucket(connection: NatsConnection, bucket: BucketContract): Promise<void> {
  const kv = await createBucket(connection, bucket);
  const { config } = (await kv.status()).streamInfo;
  if (bucket.watchers.length === 0 || isDeepStrictEqual(config.republish, republishOf(bucket))) return;
  const manager = await jetstreamManager(connection, { checkAPI: false });
  await manager.streams.update(config.name, { ...config, republish: republishOf(bucket) });
}

/** Writes an entry of a bucket that another service owns, acknowledged. */
export async function putEntry(
  connection: NatsConnection,
  bucket: BucketContract,
  key: string,
  text: string,
): Promise<void> {
  await jetstream(connection, { checkAPI: false }).publish(`$KV.${bucket.name}.${key}`, text);
}

/** Opens a bucket on its owner's connection, waiting until it is there. */
export async function openBucket(
  connection: NatsConnection,
  bucket: BucketContract,
  signal?: AbortSignal,
): Promise<KV> {
  for (;;) {
    try {
      // Single entries are read from the stream directly.
      const kv = await new Kvm(jetstream(connection, { checkAPI: false })).open(bucket.name, { allow_direct: true });
      await kv.status();
      return kv;
    } catch (error) {
      if (signal?.aborted || connection.isClosed()) throw error;
      await delay(100);
    }
  }
}
