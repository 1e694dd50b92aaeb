import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ingestSubject } from '@keyport/contracts';
import type { NatsConnection } from '@nats-io/transport-node';
import type { z } from 'zod';
import { failureOf } from './failure.ts';
import { GroupSender } from './group-sender.ts';
import { PublishError } from './publish-error.ts';
import { recordEvent, type Statement } from './record-event.ts';
import { Turns } from './turns.ts';

/** What records of each dataset look like. */
export type DatasetSchemas = Readonly<Record<string, z.ZodType>>;

export interface PublisherOptions<Schemas extends DatasetSchemas> {
  /** CloudEvents `source`: names this service among all that publish. With an event's id it names the event. */
  readonly source: string;
  /** By name of the dataset; a record is checked before it is sent. */
  readonly datasets: Schemas;
  /** Events that are sent and not acknowledged; 256 unless told. */
  readonly maxInFlight?: number;
  /** Events that are let in and not acknowledged, in all; 10,000 unless told. */
  readonly maxWaiting?: number;
  /** Milliseconds for which an event that is not acknowledged is sent again; 60,000 unless told. */
  readonly retryForMs?: number;
  /** Milliseconds until an event that is not acknowledged is sent again; 5,000 unless told. */
  readonly ackWithinMs?: number;
}

export interface Upsert<Data> {
  readonly data: Data;
  /** What tells the record from others. Events of one key reach Keyport in the order in which they were published. */
  readonly key?: string;
  /** Of the event; a new one unless told. Give one that you keep where the same event may be published again. */
  readonly id?: string;
}

export interface Deletion<Data> {
  readonly key: string;
  readonly id?: string;
  /** The key fields, where the dataset has several. */
  readonly data?: Partial<Data>;
}

export interface Published {
  /** CloudEvents `id`. */
  readonly id: string;
  /** Sequence in the stream. */
  readonly sequence: number;
  /** The same event was stored before. */
  readonly isDuplicate: boolean;
}

type Name<Schemas> = keyof Schemas & string;

const defaults = { maxInFlight: 256, maxWaiting: 10_000, retryForMs: 60_000, ackWithinMs: 5_000 };
/** What NATS's headers of a message take, about. */
const headerBytes = 1024;
const [shortestPauseMs, longestPauseMs] = [100, 2_000];

/**
 * Publishes records of a service to Keyport. A promise resolves once the event is stored, and will become a record or a
 * dead letter; it is sent again, with the same id, until then. Errors are {@link PublishError}.
 */
export class Publisher<Schemas extends DatasetSchemas> {
  private readonly settings;
  private readonly sender: GroupSender;
  private readonly turns: Turns;
  private isClosed = false;

  /** On a connection that is the caller's: it stays open. See `connectPublisher` for one of its own. */
  constructor(
    private readonly connection: NatsConnection,
    private readonly options: PublisherOptions<Schemas>,
    private readonly onClosed: () => Promise<void> = () => Promise.resolve(),
  ) {
    this.settings = { ...defaults, ...options };
    this.sender = new GroupSender(connection, this.settings.ackWithinMs);
    this.turns = new Turns(this.settings.maxInFlight);
  }

  /** There is this record now, in place of another one with its key. */
  async upserted<Dataset extends Name<Schemas>>(
    dataset: Dataset,
    { data, key, id = randomUUID() }: Upsert<z.input<Schemas[Dataset]>>,
  ): Promise<Published> {
    const checked = await this.options.datasets[dataset]?.safeParseAsync(data);
    if (checked && !checked.success)
      throw new PublishError('INVALID_RECORD', id, { cause: checked.error, detail: faultOf(checked.error) });
    return this.publish(dataset, { kind: 'upserted', id, key, data: checked ? checked.data : data });
  }

  /** There is no record with this key any more. */
  deleted<Dataset extends Name<Schemas>>(
    dataset: Dataset,
    { key, id = randomUUID(), data }: Deletion<z.input<Schemas[Dataset]>>,
  ): Promise<Published> {
    return this.publish(dataset, { kind: 'deleted', id, key, data });
  }

  /** Resolves once there is room: for who does not wait for each event to be stored. */
  ready(): Promise<void> {
    return this.turns.untilRoom();
  }

  /** Resolves once every event that was published is stored or has failed. */
  flush(): Promise<void> {
    return this.turns.untilIdle();
  }

  /** Takes no more events, and resolves once those that were published are stored or have failed. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.flush();
    await this.onClosed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private async publish(dataset: string, statement: Statement): Promise<Published> {
    const { id, key } = statement;
    if (this.isClosed) throw new PublishError('CLOSED', id);
    if (this.turns.size >= this.settings.maxWaiting) throw new PublishError('OVERLOADED', id);
    const payload = this.payloadOf(statement);
    const order = key === undefined ? undefined : `${dataset}/${key}`;
    return this.turns.run(order, () => this.send(ingestSubject(dataset), payload, id));
  }

  private payloadOf(statement: Statement): Buffer {
    const payload = Buffer.from(jsonOf(recordEvent(this.options.source, statement, new Date()), statement.id));
    const limit = (this.connection.info?.max_payload ?? 1024 * 1024) - headerBytes;
    if (payload.length <= limit) return payload;
    throw new PublishError('EVENT_TOO_LARGE', statement.id, { detail: `${payload.length} bytes of ${limit}` });
  }

  /** Nothing of the same key is sent meanwhile: else it could be stored before what is sent again here. */
  private async send(subject: string, payload: Buffer, id: string): Promise<Published> {
    const deadline = Date.now() + this.settings.retryForMs;
    const message = { subject, payload, msgID: `${this.options.source}/${id}` };
    for (let failed = 0; ; failed += 1) {
      try {
        const stored = failed === 0 ? await this.sender.send(message) : await this.sender.sendAlone(message);
        return { id, ...stored };
      } catch (error) {
        const pauseMs = Math.min(shortestPauseMs * 2 ** failed, longestPauseMs);
        this.requireWorthRepeating(error, id, Date.now() + pauseMs >= deadline);
        await delay(pauseMs);
      }
    }
  }

  private requireWorthRepeating(error: unknown, id: string, isTimeUp: boolean): void {
    const failure = failureOf(error);
    if (failure === 'not permitted') throw new PublishError('NOT_PERMITTED', id, { cause: error });
    if (failure === 'too large') throw new PublishError('EVENT_TOO_LARGE', id, { cause: error });
    if (failure === 'closed') throw new PublishError('UNACKNOWLEDGED', id, { cause: error });
    if (isTimeUp) throw new PublishError(failure === 'full' ? 'STREAM_FULL' : 'UNACKNOWLEDGED', id, { cause: error });
  }
}

function jsonOf(event: object, id: string): string {
  try {
    return JSON.stringify(event);
  } catch (error) {
    throw new PublishError('INVALID_RECORD', id, { cause: error, detail: 'it cannot be written as JSON' });
  }
}

function faultOf({ issues }: z.ZodError): string {
  const [issue] = issues;
  return issue ? `${issue.path.join('.') || 'the record'}: ${issue.message}` : 'not valid';
}
