import { createRequire } from 'node:module';
import type { mongo } from 'mongoose';

/** The driver's internal section of an OP_MSG that holds ready BSON; its bytes are sent as they are. */
interface DocumentSequence {
  push(document: unknown, bytes: Uint8Array): number;
}

interface DriverCommands {
  readonly DocumentSequence: new (field: string) => DocumentSequence;
}

// The driver knows a sequence by its class, so the class must come from the copy of the driver that mongoose uses. It is
// internal: libs/mongo/package.json pins the version, and raw-command.int.spec.ts fails where it goes away.
const requireHere = createRequire(import.meta.url);
const { DocumentSequence } = createRequire(requireHere.resolve('mongoose'))(
  'mongodb/lib/cmap/commands.js',
) as DriverCommands;

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
 * Inserts ready BSON documents, given as slices that each hold one or more of them, each document with `_id` as its
 * first element. One command: at most 100,000 documents and 48 MB. Throws {@link RefusedWrite}.
 */
export function insertRaw(
  db: mongo.Db,
  collection: string,
  documents: readonly Uint8Array[],
  session: mongo.ClientSession,
): Promise<number> {
  return writeCommand(db, { insert: collection, ordered: true }, 'documents', documents, session);
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
  const sequence = new DocumentSequence(field);
  for (const document of documents) sequence.push(undefined, document);
  const { n, writeErrors } = (await db.command(
    { ...command, [field]: sequence },
    { session },
  )) as unknown as WriteReply;
  const [first] = writeErrors ?? [];
  if (!first) return n;
  const { index, code, errmsg, keyPattern } = first;
  throw new RefusedWrite({ index, code, message: errmsg, fields: Object.keys(keyPattern ?? {}) });
}
