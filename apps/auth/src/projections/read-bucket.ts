import type { BucketContract } from '@keyport/contracts';
import { DeliverPolicy, jetstream, jetstreamManager, type JsMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';

/** Milliseconds without a message after which the reading is given up: the bucket was emptied, or the bus is away. */
const patienceMs = 10_000;

export interface BucketMessage {
  readonly key: string;
  readonly revision: number;
  /** Undefined for the trace of a deletion. */
  readonly text: string | undefined;
  /** When it was deleted; undefined for an entry. */
  readonly deletedAt: Date | undefined;
}

/**
 * Shows all that a bucket holds, in the order it was written, message by message as they arrive: none is kept, and between
 * two pieces of the socket's data other work goes on. Rejects where the bucket cannot be read to its end.
 */
export async function readBucket(
  connection: NatsConnection,
  bucket: BucketContract,
  onMessage: (message: BucketMessage) => void,
): Promise<void> {
  const stream = `KV_${bucket.name}`;
  const prefix = `$KV.${bucket.name}.`;
  const { state } = await (await jetstreamManager(connection, { checkAPI: false })).streams.info(stream);
  if (state.messages === 0) return;
  const { promise: end, resolve, reject } = Promise.withResolvers<void>();
  const patience = setTimeout(() => reject(new Error(`${stream} was not read to its end`)), patienceMs);
  const consumer = await jetstream(connection, { checkAPI: false }).consumers.getPushConsumer(stream, {
    filter_subjects: `${prefix}>`,
    deliver_policy: DeliverPolicy.All,
  });
  const messages = await consumer.consume({
    callback: (message) => {
      patience.refresh();
      onMessage(entryOf(message, prefix));
      if (message.seq >= state.last_seq || message.info.pending === 0) resolve();
    },
  });
  try {
    await end;
  } finally {
    clearTimeout(patience);
    await messages.close();
  }
}

function entryOf(message: JsMsg, prefix: string): BucketMessage {
  const { subject, data, seq: revision } = message;
  const key = subject.slice(prefix.length);
  if (message.headers?.has('KV-Operation')) return { key, revision, text: undefined, deletedAt: message.time };
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString();
  return { key, revision, text, deletedAt: undefined };
}
