import { Schema, type Connection, type Model } from 'mongoose';

/** A piece of an export's file. */
export interface PartRecord {
  readonly exportId: string;
  /** Bytes of the file before this part. */
  readonly offset: number;
  readonly bytes: Buffer;
}

const schema = new Schema<PartRecord>(
  { exportId: String, offset: Number, bytes: Buffer },
  { collection: 'parts', versionKey: false },
).index({ exportId: 1, offset: 1 }, { unique: true });

/** The one model on this connection, whoever asks first. */
export const partModel = (connection: Connection): Model<PartRecord> =>
  (connection.models.Part as Model<PartRecord> | undefined) ?? connection.model<PartRecord>('Part', schema);
