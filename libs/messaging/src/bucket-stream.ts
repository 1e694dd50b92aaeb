import type { BucketContract } from '@keyport/contracts';
import { createInbox, errors, type Msg, type NatsConnection } from '@nats-io/transport-node';
import type { NatsConnectionImpl } from '@nats-io/nats-core/internal';
import { StoredMessage } from './stored-message.ts';

const perBatch = 4_000;
/** Bytes of a batch; the server sends it at once, whatever the reader has taken. */
const batchBytes = 4 * 1024 * 1024;
/** Milliseconds without a message after which a batch is given up. */
const patienceMs = 5_000;

/** There is no such bucket, or JetStream does not serve it yet. */
export class BucketGoneError extends Error {
  override readonly name = 'BucketGoneError';
}

export interface Batch {
  /** Stream sequence up to which everything was shown. */
  readonly through: number;
  /** Messages behind it. */
  readonly pending: number;
}

/**
 * The stream of a bucket as those see it who may read it alone: by direct gets (NATS ADR-31), which make nothing on the
 * server. A consumer could send its messages wherever who made it says.
 */
export class BucketStream {
  private readonly subject: string;

  constructor(
    private readonly connection: NatsConnection,
    private readonly bucket: BucketContract,
  ) {
    this.subject = `$JS.API.DIRECT.GET.KV_${bucket.name}`;
  }

  /** The message that was stored last of those that are still there. Throws {@link BucketGoneError}. */
  async last(signal: AbortSignal): Promise<StoredMessage | undefined> {
    const query = JSON.stringify({ last_by_subj: `$KV.${this.bucket.name}.>` });
    const asked = this.connection.request(this.subject, query, { timeout: patienceMs }).catch(goneOr);
    const reply = await orAborted(asked, signal);
    const message = new StoredMessage(reply);
    if (message.status === 404) return undefined;
    if (message.status !== 0) throw failure(message);
    return message;
  }

  /** Shows what there is from a stream sequence on, in order, up to some thousand messages. */
  readBatch(from: number, signal: AbortSignal, onMessage: (message: StoredMessage) => void): Promise<Batch> {
    const { promise, resolve, reject } = Promise.withResolvers<Batch>();
    const giveUp = () => reject(new Error(`KV_${this.bucket.name} was not read to its end`));
    const patience = setTimeout(giveUp, patienceMs);
    let through = from - 1;
    const take = (message: StoredMessage) => {
      patience.refresh();
      if (message.status === 0) {
        through = message.seq;
        onMessage(message);
      } else if (message.status === 204) resolve({ through, pending: Number(message.header('Nats-Num-Pending') ?? 0) });
      else if (message.status === 404) resolve({ through, pending: 0 });
      else reject(failure(message));
    };
    const { inboxPrefix } = (this.connection as NatsConnectionImpl).options;
    const inbox = createInbox(inboxPrefix);
    const callback = (error: Error | null, message: Msg) => (error ? reject(error) : take(new StoredMessage(message)));
    const subscription = this.connection.subscribe(inbox, { callback });
    const query = { seq: Math.max(from, 1), batch: perBatch, max_bytes: batchBytes };
    this.connection.publish(this.subject, JSON.stringify(query), { reply: inbox });
    signal.addEventListener('abort', giveUp, { once: true });
    return promise.finally(() => {
      clearTimeout(patience);
      signal.removeEventListener('abort', giveUp);
      subscription.unsubscribe();
    });
  }
}

function failure(message: StoredMessage): Error {
  if (message.status === 503) return new BucketGoneError('no such bucket');
  return new Error(`JetStream answered a direct get with ${message.status}`);
}

/** As `answer`, but rejects once the signal aborts: an answer that was on its way when the connection broke never comes. */
function orAborted<Answer>(answer: Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const abort = () => reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  answer.then(resolve, reject);
  return promise.finally(() => signal.removeEventListener('abort', abort));
}

function goneOr(error: unknown): never {
  const isGone = error instanceof errors.RequestError && error.isNoResponders();
  throw isGone ? new BucketGoneError('no such bucket', { cause: error }) : error;
}
