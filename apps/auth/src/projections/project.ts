import type { BucketContract } from '@keyport/contracts';
import { completionMarker, createBucket } from '@keyport/messaging';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { BulkWrites } from './bulk-writes.ts';
import { EntryTable } from './entry-table.ts';
import { Parallel } from './parallel.ts';
import { readBucket } from './read-bucket.ts';

/** Keys and values as JSON; each key once. A Map is one, and so is a generator that reads a cursor. */
export type Entries = Iterable<readonly [string, unknown]> | AsyncIterable<readonly [string, unknown]>;

/** Milliseconds; whoever follows a bucket has long seen a deletion of that age, or reads the bucket afresh. */
const deletionsKeptMs = 10 * 60_000;
/** Requests to JetStream at once. */
const atOnce = 256;

/**
 * Makes a bucket hold what `wanted` says and nothing else, then marks it complete. Also makes the bucket where it is
 * gone. `wanted` is asked after the bucket was read, and only what was read is replaced: an entry that another process
 * writes meanwhile follows a write to MongoDB, and is never overwritten by what was so before, nor taken for one that
 * does not belong. Neither side is held in memory as a whole.
 */
export async function project(
  connection: NatsConnection,
  bucket: BucketContract,
  wanted: () => Promise<Entries> | Entries,
  keepDeletionsMs = deletionsKeptMs,
): Promise<void> {
  const kv = await createBucket(connection, bucket);
  const { present, deleted } = await read(connection, bucket, keepDeletionsMs);
  const isMarked = present.get(completionMarker)?.isPresent === true;
  present.strike(completionMarker);
  const writes = new BulkWrites(connection, bucket, kv);
  const count = await putChanged(writes, present, await wanted());
  await deleteOthers(connection, bucket, writes, present);
  if (!isMarked) await requireFilled(connection, bucket, count);
  if (!isMarked) await kv.put(completionMarker, JSON.stringify({ at: new Date().toISOString() }));
  await forgetDeletions(connection, bucket, deleted);
}

interface Deletion {
  readonly key: string;
  readonly revision: number;
}

async function read(connection: NatsConnection, bucket: BucketContract, keepDeletionsMs: number) {
  const present = new EntryTable();
  const deleted: Deletion[] = [];
  const oldest = Date.now() - keepDeletionsMs;
  await readBucket(connection, bucket, ({ key, revision, text, deletedAt }) => {
    present.set(key, revision, text);
    if (deletedAt && deletedAt.getTime() < oldest) deleted.push({ key, revision });
  });
  return { present, deleted };
}

/** What is wanted is struck from the table, and counted. */
async function putChanged(writes: BulkWrites, present: EntryTable, wanted: Entries): Promise<number> {
  let count = 0;
  for await (const [key, value] of wanted) {
    const text = JSON.stringify(value);
    count += 1;
    const known = present.get(key);
    const isSame = known?.isPresent === true && known.digest === present.digestOf(text);
    if (known) present.strike(key);
    if (!isSame) await writes.write(key, text, known?.revision ?? 0);
  }
  await writes.done();
  return count;
}

/** A bucket that was emptied while it was filled must not be marked: whoever starts then would believe it. */
async function requireFilled(connection: NatsConnection, bucket: BucketContract, count: number): Promise<void> {
  const manager = await jetstreamManager(connection, { checkAPI: false });
  const { state } = await manager.streams.info(`KV_${bucket.name}`);
  if (state.messages < count) throw new Error(`KV ${bucket.name} was emptied while it was filled`);
}

async function deleteOthers(
  connection: NatsConnection,
  bucket: BucketContract,
  writes: BulkWrites,
  present: EntryTable,
): Promise<void> {
  const manager = await jetstreamManager(connection, { checkAPI: false });
  const lookUps = new Parallel(atOnce);
  for (const seq of present.presentRevisions()) {
    await lookUps.begin(async () => {
      const message = await manager.direct.getMessage(`KV_${bucket.name}`, { seq });
      if (message) await writes.write(message.subject.slice(`$KV.${bucket.name}.`.length), undefined, seq);
    });
  }
  await lookUps.done();
  await writes.done();
}

async function forgetDeletions(
  connection: NatsConnection,
  bucket: BucketContract,
  deletions: readonly Deletion[],
): Promise<void> {
  if (deletions.length === 0) return;
  const manager = await jetstreamManager(connection, { checkAPI: false });
  const purges = new Parallel(atOnce);
  for (const { key, revision } of deletions) {
    // Only up to the deletion: the key may have been written again.
    const upTo = { filter: `$KV.${bucket.name}.${key}`, seq: revision + 1 };
    await purges.begin(() => manager.streams.purge(`KV_${bucket.name}`, upTo));
  }
  await purges.done();
}
