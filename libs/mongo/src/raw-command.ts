import type { mongo } from 'mongoose';
import { RawSequence } from './raw-sequence.ts';

/** One statement that the server refused; inside a transaction it has aborted the transaction. */
export interface WriteFault {
  /** Which statement of the command, from 0. */
  readonly index: number;
  /** MongoDB error code; 11000 is a duplicate key. */
  readonly code: number;
  readonly message: string;
  /** Fields of the unique index that a duplicate met. */
  readonly fields: readonly string[];
}

/** Thrown where the server refused statements: such a reply has `ok: 1`, and the driver does not throw for it. */
export class RefusedWrite extends Error {
  override readonly name = 'RefusedWrite';

  constructor(readonly fault: WriteFault) {
    super(`write refused with code ${fault.code}`);
  }
}

interface WriteReply {
  readonly n: number;
  readonly writeErrors?: readonly {
    readonly index: number;
    readonly code: number;
    readonly errmsg: string;
    readonly keyPattern?: Record<string, unknown>;
  }[];
}

/**
 * Inserts ready BSON documents, each with `_id` as its first element, given as slices that are whole documents when they
 * stand one behind the other. One command: at most 100,000 documents and 48 MB. Throws {@link RefusedWrite}.
 */
export function insertRaw(
  db: mongo.Db,
  collection: string,
  slices: readonly Uint8Array[],
  session: mongo.ClientSession,
): Promise<number> {
  return writeCommand(db, { insert: collection, ordered: true }, 'documents', slices, session);
}

/** Runs ready BSON update statements (`{q, u}`). Throws {@link RefusedWrite}. */
export function updateRaw(
  db: mongo.Db,
  collection: string,
  statements: readonly Uint8Array[],
  session: mongo.ClientSession,
): Promise<number> {
  return writeCommand(db, { update: collection, ordered: true }, 'updates', statements, session);
}

/** Runs ready BSON delete statements (`{q, limit}`). Throws {@link RefusedWrite}. */
export function deleteRaw(
  db: mongo.Db,
  collection: string,
  statements: readonly Uint8Array[],
  session: mongo.ClientSession,
): Promise<number> {
  return writeCommand(db, { delete: collection, ordered: true }, 'deletes', statements, session);
}

async function writeCommand(
  db: mongo.Db,
  command: Record<string, unknown>,
  field: string,
  documents: readonly Uint8Array[],
  session: mongo.ClientSession,
): Promise<number> {
  const sequence = new RawSequence(field, documents);
  const sent = db.command({ ...command, [field]: sequence }, { session });
  const { n, writeErrors } = (await sent) as unknown as WriteReply;
  const [first] = writeErrors ?? [];
  if (!first) return n;
  const { index, code, errmsg, keyPattern } = first;
  throw new RefusedWrite({ index, code, message: errmsg, fields: Object.keys(keyPattern ?? {}) });
}
