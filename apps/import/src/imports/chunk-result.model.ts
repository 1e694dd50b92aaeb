import type { ImportCounts } from '@keyport/contracts';
import { Schema, type Connection, type Model } from 'mongoose';

/** What became of one chunk. Unique by import and number, so that no chunk can count twice. */
export interface ChunkResult {
  readonly importId: string;
  readonly number: number;
  readonly counts: ImportCounts;
}

const count = { type: Number, required: true } as const;

const schema = new Schema<ChunkResult>(
  {
    importId: { type: String, required: true },
    number: count,
    counts: {
      _id: false,
      read: count,
      inserted: count,
      updated: count,
      unchanged: count,
      deleted: count,
      rejected: count,
      skipped: count,
    },
  },
  { collection: 'chunks', versionKey: false },
);
schema.index({ importId: 1, number: 1 }, { unique: true });

export const chunkResultModel = (connection: Connection): Model<ChunkResult> =>
  connection.model<ChunkResult>('ChunkResult', schema);
