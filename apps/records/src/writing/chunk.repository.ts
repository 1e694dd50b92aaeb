import {
  bsonType,
  deleteRaw,
  elementsOf,
  embedded,
  firstElement,
  insertRaw,
  joinDocument,
  RefusedWrite,
  renamed,
  updateRaw,
  type WriteFault,
} from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import { BSON } from 'bson';
import type { ClientSession } from 'mongoose';
import { Places } from '../sources/places.service.ts';
import { hasEmptyTimestamp, withEmptyTimestamps } from './empty-timestamps.ts';
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
  constructor(private readonly places: Places) {}

  /** Runs the statements in their order, neighbours of one kind together. Throws {@link RefusedRow}. */
  async run(session: ClientSession, collectionName: string, operations: readonly Operation[]): Promise<void> {
    for (let from = 0; from < operations.length;) {
      const kind = operations[from]?.kind;
      let to = from;
      while (operations[to]?.kind === kind && to < operations.length) to += 1;
      const together = operations.slice(from, to);
      await this.runTogether(session, collectionName, kind, together);
      from = to;
    }
  }

  private async runTogether(
    session: ClientSession,
    collectionName: string,
    kind: Operation['kind'] | undefined,
    operations: readonly Operation[],
  ): Promise<void> {
    const documents = operations.map(({ document }) => document);
    const rows = operations.map(({ row }) => row);
    if (kind === 'insert') return this.insert(session, collectionName, documents, rows);
    const { db, name } = await this.places.at(collectionName);
    if (kind === 'delete') await deleteRaw(db, name, deleteStatements(documents), session);
    else {
      const statements = operations.map(replaceStatement);
      await namingRows(rows, () => updateRaw(db, name, statements, session));
    }
  }

  /** Inserts documents as they came; `rows` names them. Throws {@link RefusedRow}. */
  async insert(
    session: ClientSession,
    collectionName: string,
    documents: readonly Uint8Array[],
    rows: readonly number[] | undefined,
  ): Promise<void> {
    const { db, name } = await this.places.at(collectionName);
    await namingRows(rows, () => insertRaw(db, name, documents, session));
    const changed = documents.flatMap(withEmptyTimestamps);
    if (changed.length > 0) await updateRaw(db, name, changed.map(literalStatement), session);
  }
}

function replaceStatement({ document }: Operation): Buffer {
  if (hasOperatorNames(document) || hasEmptyTimestamp(document)) return literalStatement(document);
  return joinDocument([filterById(document), embedded('u', document)]);
}

/**
 * A replacement may not have names with `$`, and stores the present time for an empty timestamp; as the literal of a
 * pipeline it is stored as it is (MongoDB manual, "Field Names with $" and "Timestamps").
 */
function literalStatement(document: Buffer): Buffer {
  const replaceWith = joinDocument([embedded('$replaceWith', joinDocument([embedded('$literal', document)]))]);
  const pipeline = embedded('u', joinDocument([embedded('0', replaceWith)]), bsonType.array);
  return joinDocument([filterById(document), pipeline]);
}

function filterById(document: Buffer): Buffer {
  const id = firstElement(document);
  return embedded('q', joinDocument(id ? [id.bytes.subarray(id.start, id.end)] : []));
}

/** Of the `_id`s that one statement names. */
const maxIdBytes = 1024 * 1024;

/** Many `_id`s a statement: 1.4 times as fast as one (measured, 1,000 a transaction). */
function deleteStatements(documents: readonly Buffer[]): Buffer[] {
  const statements: Buffer[] = [];
  let ids: Buffer[] = [];
  let bytes = 0;
  documents.forEach((document, index) => {
    const id = firstElement(document);
    if (id) ids.push(renamed(id, String(ids.length)));
    bytes += document.length;
    if (bytes < maxIdBytes && index < documents.length - 1) return;
    statements.push(deleteStatement(ids));
    [ids, bytes] = [[], 0];
  });
  return statements;
}

function deleteStatement(ids: readonly Buffer[]): Buffer {
  const wanted = joinDocument([embedded('$in', joinDocument(ids), bsonType.array)]);
  return joinDocument([embedded('q', joinDocument([embedded('_id', wanted)])), everyOneById]);
}

/** `limit: 0` is all that match (MongoDB manual, "delete"). */
const everyOneById = Buffer.from(BSON.serialize({ limit: 0, hint: { _id: 1 } })).subarray(4, -1);

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
