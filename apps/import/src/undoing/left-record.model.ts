import type { LeftRecord } from '@keyport/contracts';
import { Schema, type Connection, type Model } from 'mongoose';

export type StoredLeftRecord = LeftRecord & {
  readonly importId: string;
  /** Numbers the records of one undo in the order of the file. */
  readonly place: number;
};

const schema = new Schema<StoredLeftRecord>(
  {
    importId: { type: String, required: true },
    place: { type: Number, required: true },
    id: { type: String, required: true },
    reason: { type: String, required: true },
  },
  { collection: 'leftRecords', versionKey: false, id: false },
);
schema.index({ importId: 1, place: 1 }, { unique: true });

export const leftRecordModel = (connection: Connection): Model<StoredLeftRecord> =>
  connection.model<StoredLeftRecord>('LeftRecord', schema);
