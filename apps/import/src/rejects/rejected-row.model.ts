import type { RejectedRow } from '@keyport/contracts';
import { Schema, type Connection, type Model } from 'mongoose';

export type StoredRejectedRow = RejectedRow & { readonly importId: string };

const schema = new Schema<StoredRejectedRow>(
  {
    importId: { type: String, required: true },
    row: { type: Number, required: true },
    line: { type: Number, required: true },
    byteOffset: { type: Number, required: true },
    code: { type: String, required: true },
    path: String,
    message: String,
    value: String,
    raw: String,
    rawComplete: Boolean,
  },
  { collection: 'rejectedRows', versionKey: false },
);
schema.index({ importId: 1, row: 1 }, { unique: true });

export const rejectedRowModel = (connection: Connection): Model<StoredRejectedRow> =>
  connection.model<StoredRejectedRow>('RejectedRow', schema);
