import type { BucketContract } from '@keyport/contracts';
import { completionMarker, createBucket } from '@keyport/messaging';
import { jetstreamManager } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';

interface Present {
  readonly text: string;
  readonly revision: number;
}

/** Milliseconds; whoever follows a bucket has long seen a deletion of that age, or reads the bucket afresh. */
const deletionsKeptMs = 10 * 60_000;

/**
 * Makes a bucket hold what `wanted` says and nothing else, then marks it complete. Also makes the bucket where it is
 * gone. `wanted` is asked after the bucket was read: an entry that another process adds meanwhile follows a write to
 * MongoDB that `wanted` then sees, so it is never taken for one that does not belong.
 */
export async function project(
  connection: NatsConnection,
  bucket: BucketContract,
  wanted: () => Promise<ReadonlyMap<string, unknown>>,
  keepDeletionsMs = deletionsKeptMs,
): Promise<void> {
  const kv = await createBucket(connection, bucket);
  const { present, deleted } = await read(kv, keepDeletionsMs);
  const entries = await wanted();
  for (const [key, value] of entries) {
    const text = JSON.stringify(value);
    if (present.get(key)?.text !== text) await kv.put(key, text);
  }
  for (const [key, { revision }] of present) {
    if (key !== completionMarker && !entries.has(key)) await deleteUnchanged(kv, key, revision);
  }
  if (!present.has(completionMarker)) await kv.put(completionMarker, JSON.stringify({ at: new Date().toISOString() }));
  await forgetDeletions(connection, bucket, deleted);
}

async function read(kv: KV, keepDeletionsMs: number): Promise<{ present: Map<string, Present>; deleted: string[] }> {
  const present = new Map<string, Present>();
  const deleted: string[] = [];
  for await (const { key, operation, revision, created, value } of await kv.history()) {
    if (operation === 'PUT') present.set(key, { text: Buffer.from(value).toString(), revision });
    else if (created.getTime() < Date.now() - keepDeletionsMs) deleted.push(key);
  }
  return { present, deleted };
}

/** Leaves the entry alone where another process has written it since. */
async function deleteUnchanged(kv: KV, key: string, revision: number): Promise<void> {
  const latest = await kv.get(key);
  if (latest?.revision === revision) await kv.delete(key, { previousSeq: revision });
}

async function forgetDeletions(
  connection: NatsConnection,
  bucket: BucketContract,
  keys: readonly string[],
): Promise<void> {
  if (keys.length === 0) return;
  const manager = await jetstreamManager(connection, { checkAPI: false });
  for (const key of keys) await manager.streams.purge(`KV_${bucket.name}`, { filter: `$KV.${bucket.name}.${key}` });
}
