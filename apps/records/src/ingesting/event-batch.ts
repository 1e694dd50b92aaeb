import { eventIdBytes, KeyportError, type RequestOf, type WriteRejection, writeEvents } from '@keyport/contracts';
import { asBuffer } from '@keyport/mongo';
import { isRejection, readRow } from '../writing/chunk.ts';
import { identifying, type PendingChunk } from '../writing/pending-chunk.ts';
import type { KnownEvents } from './written-events.repository.ts';

export type EventsRequest = RequestOf<typeof writeEvents>;

/** What is to be done with the events of a batch, each named by its place in it. */
export interface EventPlan {
  /** One a key. */
  readonly deletes: readonly number[];
  /** In their order, each behind the last deletion of its key. */
  readonly upserts: readonly number[];
  /** Written before, here or in an earlier batch. */
  readonly repeated: readonly number[];
  readonly superseded: readonly number[];
  readonly rejected: readonly WriteRejection[];
}

/** The events' names as hex. Throws VALIDATION_FAILED where there is not one for each. */
export function namesOf({ events, count }: Pick<EventsRequest, 'events' | 'count'>): string[] {
  if (events.length !== count * eventIdBytes)
    throw invalidEvents(`events names ${events.length / eventIdBytes} events`);
  const text = asBuffer(events).toString('hex');
  return Array.from({ length: count }, (_, index) =>
    text.slice(index * 2 * eventIdBytes, (index + 1) * 2 * eventIdBytes),
  );
}

/**
 * Which rows are left to be written. What comes before the last deletion of a key is undone by it, and what comes behind
 * begins with nothing stored: so all deletions can go first, and the upserts follow in their order.
 */
export function planEvents(
  { request, rowStarts }: Pick<PendingChunk, 'request' | 'rowStarts'>,
  {
    deletes,
    names,
    key,
  }: {
    readonly deletes: ReadonlySet<number>;
    readonly names: readonly string[];
    readonly key: readonly string[] | null;
  },
  known: KnownEvents,
): EventPlan {
  const bytes = asBuffer(request.documents);
  const by = {
    upsert: identifying({ ...request, mode: 'upsert' }, key),
    delete: identifying({ ...request, mode: 'delete' }, key),
  };
  const [repeated, rejected]: [number[], WriteRejection[]] = [[], []];
  const fresh: { readonly index: number; readonly match: string | null }[] = [];
  const lastDelete = new Map<string | null, number>();
  const met = new Set<string>();
  rowStarts.forEach((start, index) => {
    const name = names[index] ?? '';
    const before = known.get(name);
    if (before === null || met.has(name)) repeated.push(index);
    else if (before) rejected.push({ index, ...before });
    else {
      met.add(name);
      const isDelete = deletes.has(index);
      const row = readRow(bytes, start, index, by[isDelete ? 'delete' : 'upsert']);
      if (isRejection(row)) rejected.push(row);
      else {
        fresh.push({ index, match: row.match });
        if (isDelete) lastDelete.set(row.match, index);
      }
    }
  });
  const left = Map.groupBy(fresh, ({ index, match }) => {
    const last = lastDelete.get(match) ?? -1;
    return index === last ? 'deletes' : index < last ? 'superseded' : 'upserts';
  });
  const placesOf = (what: 'deletes' | 'superseded' | 'upserts') => (left.get(what) ?? []).map(({ index }) => index);
  return {
    ...{ deletes: placesOf('deletes'), upserts: placesOf('upserts'), superseded: placesOf('superseded') },
    ...{ repeated, rejected },
  };
}

/** Rows of a batch as a chunk of their own, which leaves out what was refused of them before. */
export function chunkOf(batch: PendingChunk, mode: 'upsert' | 'delete', places: readonly number[]): PendingChunk {
  const { request, rowStarts, refused, mustRead } = batch;
  const bytes = asBuffer(request.documents);
  let at = 0;
  const starts: number[] = [];
  const documents = places.map((place) => {
    const document = bytes.subarray(rowStarts[place], rowStarts[place + 1]);
    starts.push(at);
    at += document.length;
    return document;
  });
  return {
    ...batch,
    request: { ...request, mode, documents: Buffer.concat(documents), count: places.length },
    rowStarts: starts,
    refused: new Map(
      places.flatMap((place, index) => {
        const refusal = refused.get(place);
        return refusal ? [[index, { ...refusal, index }] as const] : [];
      }),
    ),
    mustRead,
  };
}

const invalidEvents = (message: string) =>
  new KeyportError('VALIDATION_FAILED', {}, { errors: [{ path: 'events', code: 'custom', message }] });
