import type { StreamContract } from '@keyport/contracts';
import { JetStreamError } from '@nats-io/jetstream';
import { createInbox, type Msg, type NatsConnection } from '@nats-io/transport-node';

/** A request to `DIRECT.GET` (NATS docs, "JetStream wire API reference"; nats-architecture-and-design, ADR-31). */
export interface DirectBatchRequest {
  readonly seq: number;
  readonly next_by_subj: string;
  readonly batch: number;
  readonly max_bytes: number;
}

export interface DirectMessage {
  readonly sequence: number;
  readonly subject: string;
  readonly publishedAt: Date;
  readonly bytes: Uint8Array;
}

/** The server sends all at once; a connection that was lost in between sends no more. */
const silenceMs = 5_000;

/**
 * Reads messages of a stream in their order, for its owner; fewer than asked for where the connection was lost. The client's own
 * `direct.getBatch` waits for ever then, and takes a message for the end that was published with a status line of its own:
 * here a message is what the server gave a sequence.
 */
export async function readDirectly(
  connection: NatsConnection,
  { owner, name }: StreamContract,
  request: DirectBatchRequest,
): Promise<DirectMessage[]> {
  const inbox = createInbox(`_INBOX.${owner}`);
  const subscription = connection.subscribe(inbox);
  const deadline = setTimeout(() => subscription.unsubscribe(), silenceMs);
  const messages: DirectMessage[] = [];
  try {
    connection.publish(`$JS.API.DIRECT.GET.${name}`, JSON.stringify(request), { reply: inbox });
    for await (const reply of subscription) {
      deadline.refresh();
      const message = messageOf(reply);
      if (message) messages.push(message);
      else if (isEnd(reply)) return messages;
      else throw new JetStreamError(`${reply.headers?.code ?? ''} ${reply.headers?.description ?? ''}`.trim());
    }
    if (messages.length === 0) throw new JetStreamError('the stream does not answer');
    return messages;
  } finally {
    clearTimeout(deadline);
    subscription.unsubscribe();
  }
}

/** What the server adds comes last; a publisher may have sent headers of the same names. */
function messageOf({ headers, data }: Msg): DirectMessage | undefined {
  const sequence = Number(headers?.last('Nats-Sequence'));
  const subject = headers?.last('Nats-Subject');
  if (!subject || !Number.isSafeInteger(sequence) || sequence < 1) return undefined;
  return { sequence, subject, publishedAt: new Date(headers?.last('Nats-Time-Stamp') ?? 0), bytes: data };
}

/** End of the batch, or nothing found. */
const isEnd = ({ headers }: Msg) => headers?.code === 204 || headers?.code === 404;
