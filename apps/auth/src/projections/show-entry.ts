import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';

/**
 * Makes one entry of a bucket what `wanted` says; null removes it. `wanted` is asked after the entry was read, and what
 * another process wrote meanwhile is not overwritten but looked at again: so the last of several at once, who read
 * MongoDB last, has the last word.
 */
export async function showEntry(kv: KV, key: string, wanted: () => Promise<unknown>): Promise<void> {
  for (;;) {
    const latest = await kv.get(key);
    const value = await wanted();
    try {
      await write(kv, key, value, latest?.revision ?? 0, latest?.operation === 'PUT');
      return;
    } catch (error) {
      if (!isWrittenMeanwhile(error)) throw error;
    }
  }
}

async function write(kv: KV, key: string, value: unknown, previousSeq: number, isThere: boolean): Promise<void> {
  if (value !== null) await kv.put(key, JSON.stringify(value), { previousSeq });
  else if (isThere) await kv.delete(key, { previousSeq });
}

/** True where the server refused a write since the entry is not of the revision any more that the writer had read. */
export const isWrittenMeanwhile = (error: unknown): boolean =>
  error instanceof JetStreamApiError &&
  (error.code === JetStreamApiCodes.StreamWrongLastSequence ||
    error.code === JetStreamApiCodes.StreamWrongLastSequenceUnknown);
