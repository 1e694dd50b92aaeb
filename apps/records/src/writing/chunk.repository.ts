import {
  bsonType,
  comparable,
  comparableAll,
  elementAtPath,
  elementsOf,
  embedded,
  findBatches,
  firstElement,
  insertRaw,
  joinDocument,
  MONGO_CONNECTION,
  RefusedWrite,
  updateRaw,
  type RawElement,
  type WriteFault,
} from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { ClientSession, Connection, mongo } from 'mongoose';
import { keyIndexName } from '../datasets/dataset.repository.ts';
import type { Identity, RowIdentity } from './chunk.ts';
import type { StoredRow } from './classify.ts';
import { filterFor } from './lookup.ts';
import type { Operation } from './plan.ts';

/** Thrown where the server refused a row; the transaction is over. */
export class RefusedRow extends Error {
  override readonly name = 'RefusedRow';

  constructor(
    readonly row: number,
    readonly fault: WriteFault,
  ) {
    super(`row refused with code ${fault.code}`);
  }
}

export interface StoredRowsQuery {
  readonly collectionName: string;
  readonly rows: readonly RowIdentity[];
  readonly key: readonly string[] | null;
  /** Fields that an upsert matches on; null for an insert. */
  readonly match: readonly string[] | null;
  /** False where no stored record can have an `_id` of the chunk. */
  readonly checksIds: boolean;
}

/** Reads and writes a dataset's collection within a writer's transaction, as bytes. */
@Injectable()
export class ChunkRepository {
  private readonly db: mongo.Db;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    if (!connection.db) throw new Error('the connection is not open');
    this.db = connection.db;
  }

  /** Stored records that a row of the chunk may meet: by what it matches on, by the dataset's key and by `_id`. */
  async storedRows(session: ClientSession, query: StoredRowsQuery): Promise<StoredRow[]> {
    const { key, match, rows } = query;
    const found = new Map<string, StoredRow>();
    if (match) await this.collect(session, query, found, match, (row) => row.match, true);
    if (key && key !== match) await this.collect(session, query, found, key, (row) => row.key, false);
    const ofId = ({ id, idElement }: RowIdentity): Identity => ({ text: id, elements: [idElement] });
    if (query.checksIds && rows.length > 0) await this.collect(session, query, found, ['_id'], ofId, false);
    return [...found.values()];
  }

  /** Runs the statements in their order, neighbours of one kind together. Throws {@link RefusedRow}. */
  async run(session: ClientSession, collectionName: string, operations: readonly Operation[]): Promise<void> {
    for (let from = 0; from < operations.length;) {
      const kind = operations[from]?.kind;
      let to = from;
      while (operations[to]?.kind === kind && to < operations.length) to += 1;
      const together = operations.slice(from, to);
      await namingRows(
        together.map(({ row }) => row),
        () =>
          kind === 'insert'
            ? insertRaw(this.db, collectionName, together.map(documentBytes), session)
            : updateRaw(this.db, collectionName, together.map(replaceStatement), session),
      );
      from = to;
    }
  }

  /** Inserts documents as they came; `rows` names them. Throws {@link RefusedRow}. */
  async insert(
    session: ClientSession,
    collectionName: string,
    documents: readonly Uint8Array[],
    rows: readonly number[] | undefined,
  ): Promise<void> {
    await namingRows(rows, () => insertRaw(this.db, collectionName, documents, session));
  }

  private async collect(
    session: ClientSession,
    { collectionName, rows, key }: StoredRowsQuery,
    found: Map<string, StoredRow>,
    fields: readonly string[],
    identityOf: (row: RowIdentity) => Identity | null,
    isMatch: boolean,
  ): Promise<void> {
    const wanted = new Map<string, { identity: Identity; bodyLengths: Set<number> }>();
    for (const row of rows) {
      const identity = identityOf(row);
      if (!identity) continue;
      const entry = wanted.get(identity.text) ?? { identity, bodyLengths: new Set() };
      wanted.set(identity.text, entry);
      entry.bodyLengths.add(row.body.length);
    }
    if (wanted.size === 0) return;
    const command = {
      find: collectionName,
      filter: filterFor(
        fields,
        [...wanted.values()].map(({ identity }) => identity),
      ),
      ...(isMatch ? {} : { projection: projectionOf(key) }),
      ...hintFor(fields, key),
    };
    for await (const { bytes, starts } of findBatches(this.db, command, session)) {
      for (const start of starts) {
        const document = bytes.subarray(start, start + bytes.readInt32LE(start));
        const text = comparableAll(fields.map((path) => elementAtPath(document, path)));
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
  key: readonly string[] | null,
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
    key: key && comparableAll(key.map((path) => elementAtPath(document, path))),
    match,
    idBytes: Buffer.from(elementBytes(id)),
    body: isNeeded ? Buffer.from(body) : undefined,
  };
}

const elementBytes = ({ bytes, start, end }: RawElement) => bytes.subarray(start, end);

const projectionOf = (key: readonly string[] | null) =>
  Object.fromEntries(['_id', ...(key ?? [])].map((path) => [path, 1]));

function hintFor(fields: readonly string[], key: readonly string[] | null) {
  if (fields === key) return { hint: keyIndexName };
  // Of several that match on fields without an index of their own, the first by `_id` is taken.
  return fields.length === 1 && fields[0] === '_id' ? { hint: { _id: 1 } } : { sort: { _id: 1 } };
}

const documentBytes = ({ id, body }: Operation): Buffer => joinDocument([id, body]);

function replaceStatement(operation: Operation): Buffer {
  const filter = embedded('q', joinDocument([operation.id]));
  const document = documentBytes(operation);
  if (!hasOperatorNames(document)) return joinDocument([filter, embedded('u', document)]);
  // A replacement may not have such names; as the literal of a pipeline it may (MongoDB manual, "Field Names with $").
  const replaceWith = joinDocument([embedded('$replaceWith', joinDocument([embedded('$literal', document)]))]);
  return joinDocument([filter, embedded('u', joinDocument([embedded('0', replaceWith)]), bsonType.array)]);
}

const dollar = 0x24;
const hasOperatorNames = (document: Buffer): boolean =>
  elementsOf(document).some(({ bytes, start }) => bytes[start + 1] === dollar);

async function namingRows(rows: readonly number[] | undefined, write: () => Promise<number>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!(error instanceof RefusedWrite)) throw error;
    throw new RefusedRow(rows?.[error.fault.index] ?? error.fault.index, error.fault);
  }
}
