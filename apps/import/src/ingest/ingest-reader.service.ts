import { Injectable, Logger } from '@nestjs/common';
import { DeadLettersRepository, type Letter } from '../dead-letters/dead-letters.repository.ts';
import { readTogether } from './event-batch.ts';
import { countFailure, describeFailure, isAway, nextTry } from './failures.ts';
import { IngestStream } from './ingest-stream.ts';
import { IngestWriter, type Ingested, type PreparedEvents } from './ingest-writer.service.ts';
import { mostTogether, type Lane } from './lanes.ts';
import type { EventProblem, PublishedEvent } from './published-event.ts';
import { nameOf, readRecordEvent } from './record-event.ts';

/** A dataset keeps its place for so long before it makes room for one that waits. */
const turnMs = 2_000;
const retryMs = 500;
/** Between tries with fewer events, which are to find the one that fails. */
const narrowMs = 50;

export interface ReadOptions {
  /** Aborted when another process may take the events. */
  readonly signal: AbortSignal;
  /** Another dataset waits for a place. */
  readonly isCrowded: () => boolean;
}

const givenUp: EventProblem = {
  code: 'EVENT_FAILED',
  message: 'Writing the event failed five times; the log of the import service says more.',
};

/** Writes the events of one dataset, in order: each is a record, a dead letter or still in the stream. */
@Injectable()
export class IngestReader {
  private readonly logger = new Logger('ingest');

  constructor(
    private readonly stream: IngestStream,
    private readonly writer: IngestWriter,
    private readonly deadLetters: DeadLettersRepository,
  ) {}

  /** Until there are no more, or one must wait. Never throws. */
  async read(lane: Lane, options: ReadOptions): Promise<void> {
    try {
      await this.readAll(lane, options);
    } catch (error) {
      if (options.signal.aborted) return;
      lane.notBefore = Date.now() + retryMs;
      this.logger.warn({ ...describeFailure(error), subject: lane.subject }, 'events are fetched anew');
    }
  }

  private async readAll(lane: Lane, { signal, isCrowded }: ReadOptions): Promise<void> {
    let preparing = this.next(lane, 0);
    for (const began = Date.now(); !signal.aborted;) {
      const prepared = await preparing;
      const last = prepared.published.at(-1);
      if (!last) return;
      // The next ones are read and checked while these are written.
      preparing = this.next(lane, last.sequence + 1);
      preparing.catch(() => undefined);
      if (!(await this.take(prepared, lane, signal))) return;
      if (isCrowded() && Date.now() - began > turnMs) return;
    }
  }

  private async next({ subject, together }: Lane, from: number): Promise<PreparedEvents> {
    const read = await this.stream.read(subject, from, together);
    return this.writer.prepare(read.slice(0, readTogether(read)));
  }

  /** False where the events were left in the stream. */
  private async take(prepared: PreparedEvents, lane: Lane, signal: AbortSignal): Promise<boolean> {
    const events = prepared.published;
    const outcomes = await this.outcomesOf(prepared, lane, signal).catch((error: unknown) => {
      if (!signal.aborted) this.letRest(lane, events, error);
      return undefined;
    });
    if (!outcomes) return false;
    const letters = lettersOf(events, outcomes);
    if (letters.length > 0) await this.bury(letters);
    await this.stream.forget(lane.subject, (events.at(-1) as PublishedEvent).sequence);
    lane.failures = undefined;
    lane.together = Math.min(2 * lane.together, mostTogether);
    return true;
  }

  private async outcomesOf(
    prepared: PreparedEvents,
    { failures }: Lane,
    signal: AbortSignal,
  ): Promise<Ingested[] | undefined> {
    const { published: events } = prepared;
    const [first] = events as [PublishedEvent];
    if (failures?.isGivenUp && failures.sequence === first.sequence && events.length === 1) {
      return [{ kind: 'refused', problem: givenUp, name: nameOf(readRecordEvent(first.bytes)) }];
    }
    return unlessAborted(this.writer.write(prepared), signal);
  }

  /** Behind a failure: one event after the other is tried until the one is found that fails, and that five times. */
  private letRest(lane: Lane, events: readonly PublishedEvent[], error: unknown): void {
    const { sequence, subject } = events[0] as PublishedEvent;
    const about = { sequence, subject, count: events.length, ...describeFailure(error) };
    if (events.length > 1 && !isAway(error)) {
      lane.together = Math.ceil(events.length / 10);
      lane.notBefore = Date.now() + narrowMs;
      this.logger.warn({ ...about, together: lane.together }, 'fewer events are tried');
      return;
    }
    const failures = countFailure(lane.failures, sequence, error);
    const then = nextTry(failures, error);
    lane.failures = { ...failures, isGivenUp: then.kind === 'give up' };
    lane.notBefore = Date.now() + (then.kind === 'again' ? then.inMs : 0);
    if (then.kind === 'again') this.logger.warn({ ...about, inMs: then.inMs }, 'events are tried again');
    else this.logger.error({ ...about, ...loggedName(events) }, 'event given up');
  }

  private async bury(letters: readonly Letter[]): Promise<void> {
    const { subject, sequence } = (letters[0] as Letter).published;
    await this.deadLetters.add(letters);
    const codes = [...new Set(letters.map(({ problem }) => problem.code))].join();
    this.logger.warn({ subject, sequence, count: letters.length, codes }, 'events refused');
  }
}

const lettersOf = (events: readonly PublishedEvent[], outcomes: readonly Ingested[]): Letter[] =>
  outcomes.flatMap((outcome, index) =>
    outcome.kind === 'refused' ? [{ published: events[index] as PublishedEvent, ...outcome }] : [],
  );

/** What a log may tell about an event: never its data. */
function loggedName([first]: readonly PublishedEvent[]) {
  const name = first && nameOf(readRecordEvent(first.bytes));
  return name && { source: name.source.slice(0, 200), id: name.id.slice(0, 200) };
}

/** Not waited for once another process may write them too: whichever comes second changes nothing. */
function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result | undefined> {
  return new Promise((resolve, reject) => {
    const stop = () => resolve(undefined);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
