import { comparable, comparableAll, elementAtPath, findBatches, firstElement, MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { ClientSession, Connection, mongo } from 'mongoose';
import { keyIndexName } from '../datasets/dataset.repository.ts';
import { identifyingFields, type Identifying, type IdentifyingFields, type ChunkRow } from './chunk.ts';
import type { StoredRow } from './classify.ts';
import { filterFor } from './lookup.ts';

export interface StoredRowsQuery extends Identifying {
  readonly collectionName: string;
  readonly rows: readonly ChunkRow[];
  /** False where no stored record can have an `_id` of the chunk. */
  readonly checksIds: boolean;
}

/** Reads what is stored within a writer's transaction, as bytes. */
@Injectable()
export class StoredRowsRepository {
  private readonly db: mongo.Db;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    if (!connection.db) throw new Error('the connection is not open');
    this.db = connection.db;
  }

  /** Stored records that a row of the chunk may meet: by what it matches on, by the dataset's key and by `_id`. */
  async find(session: ClientSession, query: StoredRowsQuery): Promise<StoredRow[]> {
    const { key, match } = query;
    const found = new Map<string, StoredRow>();
    if (match) await this.collect(session, query, found, match, 'match');
    if (key && key !== match) await this.collect(session, query, found, key, 'key');
    if (query.checksIds && !isId(match)) await this.collect(session, query, found, idField, 'id');
    return [...found.values()];
  }

  private async collect(
    session: ClientSession,
    { collectionName, rows, key }: StoredRowsQuery,
    found: Map<string, StoredRow>,
    fields: IdentifyingFields,
    by: 'match' | 'key' | 'id',
  ): Promise<void> {
    const wanted = rowsByText(rows, by);
    if (wanted.size === 0) return;
    const command = {
      find: collectionName,
      filter: filterFor(fields, firsts(wanted)),
      ...(by !== 'match' && { projection: projectionOf(key) }),
      ...hintFor(fields, key),
    };
    for await (const { bytes, starts } of findBatches(this.db, command, session)) {
      for (const start of starts) {
        const text = textAt(bytes, start, fields);
        const meeting = wanted.get(text);
        const stored = meeting && storedRow(bytes, start, key, by === 'match' ? { text, rows: meeting } : undefined);
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

const textAt = (bytes: Buffer, start: number, { paths }: IdentifyingFields): string =>
  comparableAll(paths.map((path) => elementAtPath(bytes, path, start)));

function storedRow(
  bytes: Buffer,
  start: number,
  key: IdentifyingFields | null,
  match: { readonly text: string; readonly rows: ChunkRow | ChunkRow[] } | undefined,
): StoredRow | undefined {
  const id = firstElement(bytes, start);
  if (!id) return undefined;
  const bodyEnd = start + bytes.readInt32LE(start) - 1;
  const hasSameLength = (row: ChunkRow) => row.end - 1 - row.bodyStart === bodyEnd - id.end;
  // What no row has the length of differs from all of them; so memory is bounded by the chunk, not by what is stored.
  const isNeeded = match !== undefined && [match.rows].flat().some(hasSameLength);
  return {
    id: comparable(id),
    key: key && textAt(bytes, start, key),
    match: match?.text ?? null,
    idBytes: Buffer.from(bytes.subarray(id.start, id.end)),
    body: isNeeded ? Buffer.from(bytes.subarray(id.end, bodyEnd)) : undefined,
  };
}

const idField = identifyingFields(['_id']);
const isId = (fields: IdentifyingFields | null) => fields?.names.length === 1 && fields.names[0] === '_id';

const projectionOf = (key: IdentifyingFields | null) =>
  Object.fromEntries(['_id', ...(key?.names ?? [])].map((path) => [path, 1]));

function hintFor(fields: IdentifyingFields, key: IdentifyingFields | null) {
  if (fields === key) return { hint: keyIndexName };
  // Of several that match on fields without an index of their own, the first by `_id` is taken.
  return isId(fields) ? { hint: { _id: 1 } } : { sort: { _id: 1 } };
}
