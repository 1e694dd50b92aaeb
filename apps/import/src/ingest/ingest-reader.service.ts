import { Injectable, Logger } from '@nestjs/common';
import type { Consumer, JsMsg } from '@nats-io/jetstream';
import { countFailure, describeFailure, nextTry } from './failures.ts';
import { IngestStream } from './ingest-stream.ts';
import { IngestWriter, type Ingested } from './ingest-writer.service.ts';
import type { Lane } from './lanes.ts';
import { readRecordEvent, type RecordEvent } from './record-event.ts';

/** The least that the client takes. */
const longPollMs = 1_000;
/** A dataset keeps its place for so long before it makes room for one that waits. */
const turnMs = 2_000;
const retryMs = 500;

export interface ReadOptions {
  readonly fence: number;
  /** Aborted when another process may take the events. */
  readonly signal: AbortSignal;
  /** Another dataset waits for a place. */
  readonly isCrowded: () => boolean;
}

/** Writes the events of one dataset, each after all earlier ones were written or refused. */
@Injectable()
export class IngestReader {
  private readonly logger = new Logger('ingest');

  constructor(
    private readonly stream: IngestStream,
    private readonly writer: IngestWriter,
  ) {}

  /** Until there are no more, or one must wait. Never throws. */
  async read(lane: Lane, options: ReadOptions): Promise<void> {
    try {
      const consumer = await this.stream.open(lane.subject, options.fence);
      try {
        await this.readAll(consumer, lane, options);
      } finally {
        await this.stream.close(consumer);
      }
    } catch (error) {
      if (options.signal.aborted) return;
      lane.notBefore = Date.now() + retryMs;
      this.logger.warn({ ...describeFailure(error), subject: lane.subject }, 'events are fetched anew');
    }
  }

  private async readAll(consumer: Consumer, lane: Lane, { signal, isCrowded }: ReadOptions): Promise<void> {
    for (const began = Date.now(); !signal.aborted;) {
      const message = await next(consumer, signal);
      if (!message || !(await this.take(message, lane, signal))) return;
      if (isCrowded() && (message.info.pending === 0 || Date.now() - began > turnMs)) return;
    }
  }

  /** False where the event was left in the stream. */
  private async take(message: JsMsg, lane: Lane, signal: AbortSignal): Promise<boolean> {
    const event = readRecordEvent(message.subject, message.string());
    const about = { sequence: message.seq, subject: message.subject, ...nameOf(event) };
    try {
      const ingested = 'invalid' in event ? refusedFor(event.invalid) : await this.write(event, message.seq, signal);
      if (!ingested || signal.aborted) return false;
      if (ingested.kind === 'written') message.ack();
      else {
        this.logger.warn({ ...about, reason: ingested.reason }, 'event refused');
        message.term(ingested.reason.slice(0, 200));
      }
    } catch (error) {
      if (signal.aborted) return false;
      lane.failures = countFailure(lane.failures, message.seq, error);
      const then = nextTry(lane.failures, error);
      if (then.kind === 'again') {
        lane.notBefore = Date.now() + then.inMs;
        this.logger.warn({ ...about, ...describeFailure(error), inMs: then.inMs }, 'event is tried again');
        return false;
      }
      this.logger.error({ ...about, ...describeFailure(error) }, 'event given up');
      message.term('failed too often');
    }
    lane.failures = undefined;
    return true;
  }

  /** Not waited for once another process may write it too: whichever comes second changes nothing. */
  private write(event: RecordEvent, sequence: number, signal: AbortSignal): Promise<Ingested | undefined> {
    return new Promise((resolve, reject) => {
      const stop = () => resolve(undefined);
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      this.writer
        .write(event, sequence)
        .then(resolve, reject)
        .finally(() => signal.removeEventListener('abort', stop));
    });
  }
}

const refusedFor = (reason: string): Ingested => ({ kind: 'refused', reason });

/** What a log may tell about an event: never its data. */
function nameOf(event: ReturnType<typeof readRecordEvent>) {
  if ('invalid' in event) return {};
  return { dataset: event.dataset, source: event.source.slice(0, 200), id: event.id.slice(0, 200) };
}

async function next(consumer: Consumer, signal: AbortSignal): Promise<JsMsg | undefined> {
  const messages = await consumer.fetch({ max_messages: 1, expires: longPollMs });
  const stop = () => messages.stop();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    for await (const message of messages) return message;
    return undefined;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
