import {
  comparable,
  comparableAll,
  elementAtPath,
  findBatches,
  firstElement,
  joinDocument,
  valuesOf,
  type FindCommand,
  type RawBatch,
} from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import type { ClientSession } from 'mongoose';
import { keyIndex } from '../datasets/dataset.repository.ts';
import { outermost } from '../limits/field-paths.ts';
import { allOf, type Query } from '../limits/limit-filter.ts';
import { Places } from '../sources/places.service.ts';
import { identifyingFields, type Identifying, type IdentifyingFields, type ChunkRow } from './chunk.ts';
import { filterFor } from './lookup.ts';
import type { StoredRow } from './stored-row.ts';

export interface StoredRowsQuery extends Identifying {
  readonly collectionName: string;
  /** What a dry run would have written until now: its records take the place of those with the same `_id`. */
  readonly overlay?: string | undefined;
  readonly rows: readonly ChunkRow[];
  /** False where no stored record can have an `_id` of the chunk. */
  readonly checksIds: boolean;
  /** What rows do to what they match. `merge`: its body is read whatever its length. */
  readonly doing: 'replace' | 'merge' | 'delete';
  /** Matches what may be matched at all. */
  readonly visible?: Query | undefined;
}

/** Of bodies that are read to merge rows into them, and of what then becomes of them row by row. */
const maxMergedBytes = 8 * 1024 * 1024;

/** Reads what is stored within a writer's transaction, as bytes. */
@Injectable()
export class StoredRowsRepository {
  constructor(private readonly places: Places) {}

  /**
   * Stored records that a row of the chunk may meet: by what it matches on, by the dataset's key and by `_id`. Undefined
   * where rows are merged into more bytes than may be held: of fewer rows, or of one, it tells.
   */
  async find(session: ClientSession, query: StoredRowsQuery): Promise<StoredRow[] | undefined> {
    const { key, match } = query;
    const found = new Map<string, StoredRow>();
    if (match && !(await this.collectMatching(session, query, found, match))) return undefined;
    if (key && key !== match) await this.collect(session, query, found, key, 'key');
    if (query.checksIds && !isId(match)) await this.collect(session, query, found, idField, 'id');
    return [...found.values()];
  }

  /** Stored records with the keys of the rows. */
  async findByKey(session: ClientSession, query: StoredRowsQuery): Promise<StoredRow[]> {
    const found = new Map<string, StoredRow>();
    if (query.key) await this.collect(session, query, found, query.key, 'key');
    return [...found.values()];
  }

  /** The numbers of the queries that each of the records matches, by their `id`. */
  async matching(
    session: ClientSession,
    { collectionName, overlay }: Pick<StoredRowsQuery, 'collectionName' | 'overlay'>,
    stored: readonly StoredRow[],
    queries: readonly Query[],
  ): Promise<ReadonlyMap<string, ReadonlySet<number>>> {
    const matching = new Map(stored.map(({ id }) => [id, new Set<number>()]));
    for (const find of overlay === undefined ? [collectionName] : [collectionName, overlay]) {
      const inIt = stored.filter(({ isOverlaid }) => isOverlaid === (find === overlay));
      if (inIt.length === 0) continue;
      const ids = valuesOf(inIt.flatMap(({ idBytes }) => firstElement(joinDocument([idBytes])) ?? []));
      const { db, name } = await this.places.at(find);
      for (const [index, query] of queries.entries()) {
        const filter = allOf({ _id: { $in: ids } }, query);
        const command = { find: name, filter, projection: { _id: 1 }, hint: { _id: 1 } };
        for await (const { bytes, starts } of findBatches(db, command, session)) {
          for (const start of starts) matching.get(comparable(firstElement(bytes, start)))?.add(index);
        }
      }
    }
    return matching;
  }

  /**
   * Through an overlay: what is in it, and then what is stored and not in it. Where several match, all that an import
   * changed come first by `_id`, so that this is the order too. To a dry run that deletes, what is in it is gone.
   */
  private async *batches(
    session: ClientSession,
    { collectionName, overlay, doing }: StoredRowsQuery,
    command: Omit<FindCommand, 'find'>,
  ): AsyncGenerator<RawBatch & { isOverlaid: boolean }> {
    if (overlay !== undefined && doing !== 'delete') {
      for await (const batch of this.found(session, overlay, command)) yield { ...batch, isOverlaid: true };
    }
    for await (const batch of this.found(session, collectionName, command)) {
      const starts = overlay === undefined ? batch.starts : await this.startsOutside(session, overlay, batch);
      yield { ...batch, starts, isOverlaid: false };
    }
  }

  private async *found(session: ClientSession, collectionName: string, command: Omit<FindCommand, 'find'>) {
    const { db, name } = await this.places.at(collectionName);
    // The first name is the command.
    yield* findBatches(db, { find: name, ...command }, session);
  }

  private async startsOutside(session: ClientSession, overlay: string, { bytes, starts }: RawBatch) {
    if (starts.length === 0) return starts;
    const ids = valuesOf(starts.flatMap((start) => firstElement(bytes, start) ?? []));
    const command = { filter: { _id: { $in: ids } }, projection: { _id: 1 }, hint: { _id: 1 } };
    const inside = new Set<string>();
    for await (const found of this.found(session, overlay, command)) {
      for (const start of found.starts) inside.add(comparable(firstElement(found.bytes, start)));
    }
    return starts.filter((start) => !inside.has(comparable(firstElement(bytes, start))));
  }

  /** False where it stopped since there was too much to merge into. */
  private async collectMatching(
    session: ClientSession,
    query: StoredRowsQuery,
    found: Map<string, StoredRow>,
    match: IdentifyingFields,
  ): Promise<boolean> {
    const { rows, key, doing, visible } = query;
    const wanted = rowsByText(rows, 'match');
    if (wanted.size === 0) return true;
    const command = {
      filter: allOf(filterFor(match, firsts(wanted)), visible),
      ...(doing === 'delete' && { projection: projectionOf(match) }),
      ...hintFor(match, key),
    };
    // Of several that match on fields that are not unique no more are kept than there are rows to meet them.
    const kept = new Map<string, number>();
    let bytesLeft = doing === 'merge' && rows.length > 1 ? maxMergedBytes - bytesOfRepeated(wanted) : Infinity;
    for await (const { bytes, starts, isOverlaid } of this.batches(session, query, command)) {
      for (const start of starts) {
        const text = textAt(bytes, start, match);
        const meeting = wanted.get(text);
        const before = kept.get(text) ?? 0;
        if (!meeting || before >= (doing === 'delete' ? countOf(meeting) : 1)) continue;
        kept.set(text, before + 1);
        const stored = storedRow(bytes, start, { key, isOverlaid }, { text, rows: meeting, doing });
        if (!stored) continue;
        found.set(stored.id, stored);
        bytesLeft -= countOf(meeting) * (stored.body?.length ?? 0);
        if (bytesLeft < 0) return false;
      }
    }
    return bytesLeft >= 0;
  }

  private async collect(
    session: ClientSession,
    query: StoredRowsQuery,
    found: Map<string, StoredRow>,
    fields: IdentifyingFields,
    by: 'key' | 'id',
  ): Promise<void> {
    const { rows, key } = query;
    const wanted = rowsByText(rows, by);
    if (wanted.size === 0) return;
    const filter = filterFor(fields, firsts(wanted));
    const command = { filter, projection: projectionOf(key), ...hintFor(fields, key) };
    for await (const { bytes, starts, isOverlaid } of this.batches(session, query, command)) {
      for (const start of starts) {
        const isWanted = wanted.has(textAt(bytes, start, fields));
        const stored = isWanted && storedRow(bytes, start, { key, isOverlaid }, undefined);
        if (stored && !found.has(stored.id)) found.set(stored.id, stored);
      }
    }
  }
}

/** Mostly one row a text, so mostly no array. */
type RowsByText = ReadonlyMap<string, ChunkRow | ChunkRow[]>;

function rowsByText(rows: readonly ChunkRow[], by: 'match' | 'key' | 'id'): RowsByText {
  const wanted = new Map<string, ChunkRow | ChunkRow[]>();
  for (const row of rows) {
    const text = row[by];
    if (text === null) continue;
    const known = wanted.get(text);
    if (Array.isArray(known)) known.push(row);
    else wanted.set(text, known ? [known, row] : row);
  }
  return wanted;
}

function* firsts(wanted: RowsByText): Generator<ChunkRow> {
  for (const rows of wanted.values()) {
    const first = Array.isArray(rows) ? rows[0] : rows;
    if (first) yield first;
  }
}

const countOf = (rows: ChunkRow | ChunkRow[]): number => (Array.isArray(rows) ? rows.length : 1);

/** What rows make, at most, that are merged into one another. */
function bytesOfRepeated(wanted: RowsByText): number {
  let sum = 0;
  for (const rows of wanted.values()) {
    if (Array.isArray(rows)) sum += rows.length * rows.reduce((bytes, { start, end }) => bytes + end - start, 0);
  }
  return sum;
}

const textAt = (bytes: Buffer, start: number, { paths }: IdentifyingFields): string =>
  comparableAll(paths.map((path) => elementAtPath(bytes, path, start)));

function storedRow(
  bytes: Buffer,
  start: number,
  { key, isOverlaid }: { readonly key: IdentifyingFields | null; readonly isOverlaid: boolean },
  match: (Pick<StoredRowsQuery, 'doing'> & { readonly text: string; readonly rows: ChunkRow | ChunkRow[] }) | undefined,
): StoredRow | undefined {
  const id = firstElement(bytes, start);
  if (!id) return undefined;
  const bodyEnd = start + bytes.readInt32LE(start) - 1;
  const hasSameLength = (row: ChunkRow) => row.end - 1 - row.bodyStart === bodyEnd - id.end;
  // What no row has the length of differs from all of them; so memory is bounded by the chunk, not by what is stored.
  const isNeeded =
    match !== undefined &&
    match.doing !== 'delete' &&
    (match.doing === 'merge' || [match.rows].flat().some(hasSameLength));
  return {
    id: comparable(id),
    key: key && textAt(bytes, start, key),
    match: match?.text ?? null,
    idBytes: Buffer.from(bytes.subarray(id.start, id.end)),
    body: isNeeded ? Buffer.from(bytes.subarray(id.end, bodyEnd)) : undefined,
    isOverlaid,
  };
}

const idField = identifyingFields(['_id']);
const isId = (fields: IdentifyingFields | null) => fields?.names.length === 1 && fields.names[0] === '_id';

const projectionOf = (key: IdentifyingFields | null) =>
  Object.fromEntries(outermost(['_id', ...(key?.names ?? [])]).map((path) => [path, 1]));

function hintFor(fields: IdentifyingFields, key: IdentifyingFields | null) {
  if (fields === key) return { hint: keyIndex(key.names) };
  // Of several that match on fields without an index of their own, the first by `_id` is taken.
  return isId(fields) ? { hint: { _id: 1 } } : { sort: { _id: 1 } };
}
