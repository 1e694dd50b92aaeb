import { KeyportError, type ReplyOf, writeEvents } from '@keyport/contracts';
import { Requester } from '@keyport/messaging';
import { Injectable } from '@nestjs/common';
import { readBatch, type EventBatch, type EventGroup, type PlacedEvent } from './event-batch.ts';
import { isFinal } from './failures.ts';
import { IngestTargets, type IngestTarget } from './ingest-targets.ts';
import type { EventProblem, PublishedEvent } from './published-event.ts';
import { datasetOf, readRecordEvent, type EventName } from './record-event.ts';

/** What an event came to. */
export type Ingested =
  | { readonly kind: 'written' | 'repeated' }
  | { readonly kind: 'refused'; readonly problem: EventProblem; readonly name: EventName | undefined };

/** What is to be sent, by what was known of the dataset. */
interface ReadyEvents {
  readonly target: IngestTarget;
  readonly batch: EventBatch;
}

/** Events that were read and checked. */
export interface PreparedEvents {
  readonly published: readonly PublishedEvent[];
  /** Undefined where their subject names none. */
  readonly dataset: string | undefined;
  /** By place: those that are no events. */
  readonly refused: ReadonlyMap<number, Ingested>;
  readonly placed: readonly PlacedEvent[];
  readonly ready: ReadyEvents | undefined;
}

export interface WritingOptions {
  /** Events that `records` rejected before are tried again. */
  readonly again?: boolean;
}

/** Writes events as records, each exactly once however often and in whatever company it comes. */
@Injectable()
export class IngestWriter {
  constructor(
    private readonly requester: Requester,
    private readonly targets: IngestTargets,
  ) {}

  /** Reads and checks events of one subject, in their order (`readTogether` tells how many), without writing any. */
  async prepare(published: readonly PublishedEvent[]): Promise<PreparedEvents> {
    const refused = new Map<number, Ingested>();
    const placed: PlacedEvent[] = [];
    const dataset = datasetOf(published[0]?.subject ?? '');
    published.forEach((one, place) => {
      const read = readRecordEvent(one.bytes);
      if (read.problem) refused.set(place, { kind: 'refused', problem: read.problem, name: read.name });
      else placed.push({ place, published: one, event: read.event });
    });
    // Where that fails, writing finds out why.
    const ready = dataset && placed.length > 0 ? await this.ready(dataset, placed).catch(() => undefined) : undefined;
    return { published, dataset, refused, placed, ready };
  }

  /** What each came to, in the same order. Throws where the surroundings do not let them be written now; some may have been. */
  async write(prepared: PreparedEvents, options: WritingOptions = {}): Promise<Ingested[]> {
    const { published, placed, refused } = prepared;
    const outcomes = placed.length === 0 ? undefined : await this.writePlaced(prepared, options);
    return published.map((_, place) => refused.get(place) ?? outcomes?.get(place) ?? cameToNothing());
  }

  private async writePlaced(
    { dataset, placed, ready }: PreparedEvents,
    options: WritingOptions,
  ): Promise<ReadonlyMap<number, Ingested>> {
    if (dataset === undefined) return refusedAll(placed, noDataset);
    try {
      return await this.send(ready ?? (await this.ready(dataset, placed)), placed, options);
    } catch (error) {
      // What is known of the dataset may be two seconds old.
      this.targets.forget(dataset);
      if (!(error instanceof KeyportError && error.code === 'DATASET_NOT_FOUND')) return finalOf(error, placed);
    }
    try {
      return await this.send(await this.ready(dataset, placed), placed, options);
    } catch (error) {
      return finalOf(error, placed);
    }
  }

  private async ready(dataset: string, placed: readonly PlacedEvent[]): Promise<ReadyEvents> {
    const target = await this.targets.find(dataset);
    return { target, batch: readBatch(placed, target) };
  }

  private async send(
    { target, batch }: ReadyEvents,
    placed: readonly PlacedEvent[],
    { again = false }: WritingOptions,
  ): Promise<ReadonlyMap<number, Ingested>> {
    const problems = new Map(batch.problems);
    const repeatedAlone = new Set<number>();
    for (const group of batch.groups) {
      const { rejected, repeated } = await this.writeGroup(target, group, again).catch((error: unknown) =>
        refusalOf(error, group),
      );
      for (const { index, ...problem } of rejected) problems.set(group.places[index] as number, problem);
      // Whoever asks about one event alone learns whether it was written now.
      if (repeated === group.places.length) for (const place of group.places) repeatedAlone.add(place);
    }
    const sent = new Set(batch.groups.flatMap(({ places }) => places));
    return new Map(
      placed.map(({ place, event }): [number, Ingested] => {
        const problem = problems.get(place);
        if (problem) return [place, { kind: 'refused', problem, name: event }];
        if (!sent.has(place)) cameToNothing();
        return [place, { kind: repeatedAlone.has(place) ? 'repeated' : 'written' }];
      }),
    );
  }

  private writeGroup(
    { grant, dataset, datasetId, key }: IngestTarget,
    { places, ...group }: EventGroup,
    again: boolean,
  ): Promise<Pick<ReplyOf<typeof writeEvents>, 'repeated' | 'rejected'>> {
    return this.requester.request(
      writeEvents,
      { ...{ dataset, datasetId, key: [...key], count: places.length }, ...group, deletes: [...group.deletes], again },
      { authority: grant },
    );
  }
}

const noDataset: EventProblem = {
  code: 'EVENT_DATASET_INVALID',
  message: 'The subject on the bus does not end with the name of a dataset.',
};

/** An event of which nobody says what became of it must not be forgotten. */
function cameToNothing(): never {
  throw new Error('an event was neither written nor refused');
}

/** Of one group that cannot be written; others may. Throws where it is not the group that is to blame. */
function refusalOf(error: unknown, { places }: EventGroup) {
  if (!isFinal(error) || error.code === 'DATASET_NOT_FOUND') throw error;
  const { code, message } = error;
  return { repeated: 0, rejected: places.map((_, index) => ({ index, code, message })) };
}

/** Of an error that would come again. Throws any other. */
function finalOf(error: unknown, placed: readonly PlacedEvent[]): ReadonlyMap<number, Ingested> {
  if (!isFinal(error)) throw error;
  return refusedAll(placed, { code: error.code, message: error.message });
}

const refusedAll = (placed: readonly PlacedEvent[], problem: EventProblem): ReadonlyMap<number, Ingested> =>
  new Map(placed.map(({ place, event }) => [place, { kind: 'refused', problem, name: event }]));
