import { Schema, type Connection, type Model } from 'mongoose';
import type { mongo } from 'mongoose';

/** A process that writes, and the sessions that its transactions run in. */
export interface Writer {
  readonly _id: string;
  /** Logical session ids (UUID). */
  readonly sessions: readonly mongo.Binary[];
  /** By the server's clock. */
  readonly seenAt: Date;
}

const schema = new Schema<Writer>(
  {
    _id: { type: String, required: true },
    sessions: { type: [Schema.Types.Mixed as never], required: true },
    seenAt: { type: Date, required: true },
  },
  { collection: 'writers', versionKey: false },
);

export const writerModel = (connection: Connection): Model<Writer> => connection.model<Writer>('Writer', schema);
