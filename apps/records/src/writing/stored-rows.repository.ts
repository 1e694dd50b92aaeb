import { comparable, comparableAll, elementAtPath, findBatches, firstElement, MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { ClientSession, Connection, mongo } from 'mongoose';
import { keyIndexName } from '../datasets/dataset.repository.ts';
import {
  identifyingFields,
  type Identifying,
  type IdentifyingFields,
  type Identity,
  type RowIdentity,
} from './chunk.ts';
import type { StoredRow } from './classify.ts';
import { filterFor } from './lookup.ts';

export interface StoredRowsQuery extends Identifying {
  readonly collectionName: string;
  readonly rows: readonly RowIdentity[];
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
    if (match) await this.collect(session, query, found, match, (row) => row.match, true);
    if (key && key !== match) await this.collect(session, query, found, key, (row) => row.key, false);
    const ofId = ({ id, idElement }: RowIdentity): Identity => ({ text: id, elements: [idElement] });
    if (query.checksIds && !isId(match)) await this.collect(session, query, found, idField, ofId, false);
    return [...found.values()];
  }

  private async collect(
    session: ClientSession,
    { collectionName, rows, key }: StoredRowsQuery,
    found: Map<string, StoredRow>,
    fields: IdentifyingFields,
    identityOf: (row: RowIdentity) => Identity | null,
    isMatch: boolean,
  ): Promise<void> {
    const wanted = new Map<string, { identity: Identity; bodyLengths: Set<number> }>();
    for (const row of rows) {
      const identity = identityOf(row);
      if (!identity) continue;
      const entry = wanted.get(identity.text) ?? { identity, bodyLengths: new Set() };
      wanted.set(identity.text, entry);
      entry.bodyLengths.add(row.document.length - 1 - row.idElement.end);
    }
    if (wanted.size === 0) return;
    const command = {
      find: collectionName,
      filter: filterFor(
        fields.names,
        [...wanted.values()].map(({ identity }) => identity),
      ),
      ...(isMatch ? {} : { projection: projectionOf(key) }),
      ...hintFor(fields, key),
    };
    for await (const { bytes, starts } of findBatches(this.db, command, session)) {
      for (const start of starts) {
        const document = bytes.subarray(start, start + bytes.readInt32LE(start));
        const text = comparableAll(fields.paths.map((path) => elementAtPath(document, path)));
        const entry = wanted.get(text);
        if (!entry) continue;
        const stored = storedRow(document, key, isMatch ? text : null, entry.bodyLengths);
        if (stored && !found.has(stored.id)) found.set(stored.id, stored);
      }
    }
  }
}

function storedRow(
  document: Buffer,
  key: IdentifyingFields | null,
  match: string | null,
  bodyLengths: ReadonlySet<number>,
): StoredRow | undefined {
  const id = firstElement(document);
  if (!id) return undefined;
  const body = document.subarray(id.end, document.length - 1);
  // What no row has the length of differs from all of them; so memory is bounded by the chunk, not by what is stored.
  const isNeeded = match !== null && bodyLengths.has(body.length);
  return {
    id: comparable(id),
    key: key && comparableAll(key.paths.map((path) => elementAtPath(document, path))),
    match,
    idBytes: Buffer.from(id.bytes.subarray(id.start, id.end)),
    body: isNeeded ? Buffer.from(body) : undefined,
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
