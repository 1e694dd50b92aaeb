import { createHash } from 'node:crypto';
import { createKnownRowReader, splitDocuments, type Chunk, type KnownRow, type RowReaderOptions } from '@keyport/codec';
import { eventIdBytes } from '@keyport/contracts';
import { isProblem, rowOf, type RowDataset } from './event-row.ts';
import type { EventProblem, PublishedEvent } from './published-event.ts';
import type { RecordEvent } from './record-event.ts';

/** A published event that is a CloudEvent, with its place in what was read together. */
export interface PlacedEvent {
  readonly place: number;
  readonly published: PublishedEvent;
  readonly event: RecordEvent;
}

export interface BatchDataset extends RowDataset {
  /** How rows are typed and checked that are records, and those that name one to delete. */
  readonly upserts: Typing;
  readonly deletes: Typing;
}

export type Typing = Pick<RowReaderOptions, 'fieldTypes' | 'textFields' | 'validate'>;

/** What one request writes. */
export interface EventGroup {
  /** By document: the event's place. */
  readonly places: readonly number[];
  readonly events: Buffer;
  readonly documents: Buffer;
  readonly deletes: readonly number[];
  readonly hasOwnIds: boolean;
}

export interface EventBatch {
  readonly groups: readonly EventGroup[];
  /** By place. */
  readonly problems: ReadonlyMap<number, EventProblem>;
}

/** BSON may be many times as long as the JSON that it was made of, and a message is 8 MB at most (`max_payload`). */
const maxGroupBytes = 4 * 1024 * 1024;

/** Of an `_id` that is made, the last four bytes number the row. */
const rowsAPrefix = 2 ** 31;

/** The row number of an event: with {@link idPrefixOf} it makes the same `_id` whatever it is read together with. */
const rowNumberOf = ({ sequence }: PublishedEvent) => 1 + (sequence % rowsAPrefix);

const rangeOf = ({ sequence }: PublishedEvent) => Math.floor(sequence / rowsAPrefix);

/** Eight bytes of a hash, where an import has its id. */
function idPrefixOf(published: PublishedEvent): Uint8Array {
  return createHash('sha256')
    .update(`${published.stream}:${rangeOf(published)}`)
    .digest()
    .subarray(0, 8);
}

/** How many of the events can be read together: those whose made `_id`s begin alike. */
export function readTogether(published: readonly PublishedEvent[]): number {
  const [first] = published;
  const other = published.findIndex((one) => one.stream !== first?.stream || rangeOf(one) !== rangeOf(first));
  return other < 0 ? published.length : other;
}

export const eventIdOf = ({ source, id }: Pick<RecordEvent, 'source' | 'id'>): Buffer =>
  createHash('sha256')
    .update(JSON.stringify([source, id]))
    .digest()
    .subarray(0, eventIdBytes);

/** Turns events into rows, types and checks them as an import does, and puts what passes into groups, in order. */
export function readBatch(events: readonly PlacedEvent[], dataset: BatchDataset): EventBatch {
  const problems = new Map<number, EventProblem>();
  const rows: { readonly event: PlacedEvent; readonly text: Uint8Array }[] = [];
  for (const event of events) {
    const text = rowOf(event.event, dataset);
    if (isProblem(text)) problems.set(event.place, text);
    else rows.push({ event, text });
  }
  const documents = new Map<number, Uint8Array>();
  let hasOwnIds = false;
  for (const isDelete of [false, true]) {
    const some = rows.filter(({ event }) => event.event.isDelete === isDelete);
    const places = new Map(some.map(({ event }) => [rowNumberOf(event.published), event.place]));
    for (const chunk of chunksOf(some, isDelete ? dataset.deletes : dataset.upserts)) {
      if (!isDelete && chunk.hasOwnIds) hasOwnIds = true;
      splitDocuments(chunk.documents).forEach((document, index) =>
        documents.set(places.get(chunk.rowNumbers[index] as number) as number, document),
      );
      for (const { row, code, message, path } of chunk.rejected) {
        problems.set(places.get(row) as number, { code, message, ...(path !== undefined && { path }) });
      }
    }
  }
  return { problems, groups: groupsOf(events, documents, hasOwnIds) };
}

function chunksOf(
  rows: readonly { readonly event: PlacedEvent; readonly text: Uint8Array }[],
  typing: Typing,
): Chunk[] {
  const [first] = rows;
  if (!first) return [];
  const reader = createKnownRowReader({ format: 'ndjson', idPrefix: idPrefixOf(first.event.published), ...typing });
  reader.push(
    rows.map(({ event, text }): KnownRow => ({ row: rowNumberOf(event.published), line: 1, byteOffset: 0, text })),
  );
  reader.end();
  const chunks: Chunk[] = [];
  for (let chunk = reader.read(); chunk; chunk = reader.read()) chunks.push(chunk);
  return chunks;
}

function groupsOf(
  events: readonly PlacedEvent[],
  documents: ReadonlyMap<number, Uint8Array>,
  hasOwnIds: boolean,
): EventGroup[] {
  const groups: PlacedEvent[][] = [];
  let bytes = Infinity;
  for (const event of events) {
    const length = documents.get(event.place)?.length;
    if (length === undefined) continue;
    if (bytes + length > maxGroupBytes) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)?.push(event);
    bytes += length;
  }
  return groups.map((group) => ({
    places: group.map(({ place }) => place),
    events: Buffer.concat(group.map(({ event }) => eventIdOf(event))),
    documents: Buffer.concat(group.map(({ place }) => documents.get(place) as Uint8Array)),
    deletes: group.flatMap(({ event }, index) => (event.isDelete ? [index] : [])),
    hasOwnIds,
  }));
}
