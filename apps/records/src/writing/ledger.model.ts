import type { ReplyOf, undoChunk } from '@keyport/contracts';
import { Schema, type Connection, type Model } from 'mongoose';
import type { StoredInserts } from '../undoing/inserted-rows.ts';
import type { WriteReply } from './plan.ts';

/** What became of a chunk: there is an entry where its rows are stored, and where they never will be. */
export interface LedgerEntry {
  /** `<source>:<sequence>` */
  readonly _id: string;
  readonly dataset: string;
  /** Null where nothing was written. */
  readonly collectionName: string | null;
  /** Null where its job had lost its rights before the rows were stored. */
  readonly reply: WriteReply | null;
  readonly createdAt: Date;
  /** Of an import, until it is undone: what the chunk inserted. */
  readonly inserted?: StoredInserts;
  readonly undo?: ChunkUndo;
}

/** What became of the records that a chunk inserted, or who alone may still take them back. */
export interface ChunkUndo {
  /** The smallest fence that may. */
  readonly fence: number;
  readonly done: ReplyOf<typeof undoChunk> | null;
}

/** As long as a job's grant may live: after that nobody can ask again. */
const keepSeconds = 30 * 24 * 3600;

const schema = new Schema<LedgerEntry>(
  {
    _id: { type: String, required: true },
    dataset: { type: String, required: true },
    collectionName: { type: String },
    reply: { type: Schema.Types.Mixed },
    createdAt: { type: Date, required: true },
    inserted: { type: Schema.Types.Mixed },
    undo: { type: Schema.Types.Mixed },
  },
  { collection: 'ledger', versionKey: false, minimize: false },
);
schema.index({ createdAt: 1 }, { expireAfterSeconds: keepSeconds });

export const ledgerModel = (connection: Connection): Model<LedgerEntry> =>
  connection.model<LedgerEntry>('LedgerEntry', schema);
