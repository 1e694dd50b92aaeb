import { JetStreamApiError, jetstream, type JetStreamClient } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';

export interface Message {
  readonly subject: string;
  readonly payload: Buffer;
  /** `Nats-Msg-Id`: the stream stores a message once within its duplicate window. */
  readonly msgID: string;
}

export interface Stored {
  /** Sequence in the stream. */
  readonly sequence: number;
  readonly isDuplicate: boolean;
}

interface Waiting {
  readonly message: Message;
  readonly resolve: (stored: Stored | Promise<Stored>) => void;
  readonly reject: (error: unknown) => void;
}

/** JetStream takes 1,000 messages in a batch (nats-server ADR-50, "limits"). */
const maxMessages = 500;
const maxBytes = 4 * 1024 * 1024;
/** JetStream API error code (nats-server, `errors.json`): the stream takes no batches. */
const batchesDisabled = 10174;

/**
 * Publishes what comes while something is being stored as one atomic batch (nats-server ADR-50): the server flushes to
 * disk once for all of them. What must be stored in an order must not be sent at the same time.
 */
export class GroupSender {
  private readonly stream: JetStreamClient;
  private readonly waiting: Waiting[] = [];
  private isSending = false;
  private takesBatches = true;

  constructor(
    connection: NatsConnection,
    private readonly ackWithinMs: number,
  ) {
    this.stream = jetstream(connection, { checkAPI: false });
  }

  /** Resolves once the message is stored. */
  send(message: Message): Promise<Stored> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ message, resolve, reject });
      if (!this.isSending) void this.sendAll();
    });
  }

  /** By itself. */
  async sendAlone({ subject, payload, msgID }: Message): Promise<Stored> {
    const { seq, duplicate } = await this.stream.publish(subject, payload, { msgID, timeout: this.ackWithinMs });
    return { sequence: seq, isDuplicate: duplicate };
  }

  private async sendAll(): Promise<void> {
    this.isSending = true;
    // With what comes in the same turn of the event loop.
    await Promise.resolve();
    while (this.waiting.length > 0) await this.sendGroup(this.waiting.splice(0, this.groupSize()));
    this.isSending = false;
  }

  private groupSize(): number {
    let bytes = 0;
    const end = this.waiting.findIndex(({ message }, index) => {
      bytes += message.payload.length;
      return index >= maxMessages || (index > 0 && bytes > maxBytes);
    });
    return end === -1 ? this.waiting.length : end;
  }

  private async sendGroup(group: readonly Waiting[]): Promise<void> {
    const last = this.takesBatches && group.length > 1 ? await this.storeBatch(group) : undefined;
    if (last !== undefined) {
      group.forEach(({ resolve }, index) => resolve({ sequence: last - group.length + 1 + index, isDuplicate: false }));
      return;
    }
    // One by one each gets an answer of its own: which is a repeated one, and which is refused.
    await Promise.allSettled(
      group.map(({ message, resolve, reject }) => this.sendAlone(message).then(resolve, reject)),
    );
  }

  /** Sequence of the last one; undefined where they were not stored together. All or none are. */
  private async storeBatch(group: readonly Waiting[]): Promise<number | undefined> {
    const messages = group.map(({ message }) => message);
    const [first, ...others] = messages;
    const last = others.pop();
    if (!first || !last) return undefined;
    try {
      const { msgID } = first;
      const batch = await this.stream.startBatch(first.subject, first.payload, { msgID, timeout: this.ackWithinMs });
      for (const { subject, payload, msgID } of others) {
        batch.add(subject, payload, { headers: named(msgID) });
      }
      const end = { headers: named(last.msgID), timeout: this.ackWithinMs };
      return (await batch.commit(last.subject, last.payload, end)).seq;
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === batchesDisabled) this.takesBatches = false;
      return undefined;
    }
  }
}

function named(msgID: string) {
  const made = headers();
  made.set('Nats-Msg-Id', msgID);
  return made;
}
