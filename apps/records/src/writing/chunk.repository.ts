import {
  bsonType,
  deleteRaw,
  elementsOf,
  embedded,
  firstElement,
  insertRaw,
  joinDocument,
  MONGO_CONNECTION,
  RefusedWrite,
  renamed,
  updateRaw,
  type WriteFault,
} from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import { BSON } from 'bson';
import type { ClientSession, Connection, mongo } from 'mongoose';
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

/** Writes to a dataset's collection within a writer's transaction, as bytes. */
@Injectable()
export class ChunkRepository {
  private readonly db: mongo.Db;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    if (!connection.db) throw new Error('the connection is not open');
    this.db = connection.db;
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
        () => this.runTogether(session, collectionName, kind, together),
      );
      from = to;
    }
  }

  private runTogether(
    session: ClientSession,
    collectionName: string,
    kind: Operation['kind'] | undefined,
    operations: readonly Operation[],
  ): Promise<number> {
    const documents = operations.map(({ document }) => document);
    if (kind === 'insert') return insertRaw(this.db, collectionName, documents, session);
    if (kind === 'delete') return deleteRaw(this.db, collectionName, [deleteStatement(documents)], session);
    return updateRaw(this.db, collectionName, operations.map(replaceStatement), session);
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
}

function replaceStatement({ document }: Operation): Buffer {
  const id = firstElement(document);
  const filter = embedded('q', joinDocument(id ? [id.bytes.subarray(id.start, id.end)] : []));
  if (!hasOperatorNames(document)) return joinDocument([filter, embedded('u', document)]);
  // A replacement may not have such names; as the literal of a pipeline it may (MongoDB manual, "Field Names with $").
  const replaceWith = joinDocument([embedded('$replaceWith', joinDocument([embedded('$literal', document)]))]);
  return joinDocument([filter, embedded('u', joinDocument([embedded('0', replaceWith)]), bsonType.array)]);
}

/** All documents with the `_id`s of these. */
function deleteStatement(documents: readonly Buffer[]): Buffer {
  const ids = documents.map((document, index) => {
    const id = firstElement(document);
    if (!id) throw new Error('a document without _id');
    return renamed(id, String(index));
  });
  const wanted = joinDocument([embedded('_id', joinDocument([embedded('$in', joinDocument(ids), bsonType.array)]))]);
  const hint = embedded('hint', byId);
  return joinDocument([embedded('q', wanted), everyOne, hint]);
}

const byId = BSON.serialize({ _id: 1 });
/** `limit: 0`: all that match (MongoDB manual, "delete"). */
const everyOne = Buffer.from(BSON.serialize({ limit: 0 })).subarray(4, -1);

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
