import type { WriteRejection } from '@keyport/contracts';
import { Schema, type Connection, type Model, type mongo } from 'mongoose';

/** Events of one batch that were written, or refused, together with their names. */
export interface WrittenEvents {
  readonly _id: mongo.ObjectId;
  /** The dataset's id: one that was made anew under its name knows no event. */
  readonly dataset: string;
  /** What names each of them (`eventIdBytes`), in no order. */
  readonly events: readonly mongo.Binary[];
  /** Those of them that were refused. */
  readonly refused: readonly RefusedEvent[];
  readonly expiresAt: Date;
}

export interface RefusedEvent extends Omit<WriteRejection, 'index'> {
  readonly event: mongo.Binary;
}

const schema = new Schema<WrittenEvents>(
  {
    dataset: { type: String, required: true },
    events: { type: [Schema.Types.Mixed as never], required: true },
    refused: { type: [Schema.Types.Mixed as never], required: true },
    expiresAt: { type: Date, required: true },
  },
  { collection: 'writtenEvents', versionKey: false },
);
// One document a batch, and an index entry an event: cheaper than a document an event, which takes three.
schema.index({ dataset: 1, events: 1 }, { unique: true });
schema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });

export const writtenEventsModel = (connection: Connection): Model<WrittenEvents> =>
  connection.model<WrittenEvents>('WrittenEvents', schema);
