import { keepsUntold, type WithUntold } from '@keyport/outbox';
import { Schema, type Connection, type Model } from 'mongoose';

/** Untold events of what has no document of its own (any more). */
export interface OutboxDocument extends WithUntold {
  /** A dataset's name; `records:<dataset id>` for what changed in it. */
  readonly _id: string;
}

const schema = new Schema<OutboxDocument>(
  { _id: { type: String, required: true } },
  { collection: 'outbox', versionKey: false },
);
keepsUntold(schema);

export const outboxModel = (connection: Connection): Model<OutboxDocument> =>
  connection.model<OutboxDocument>('Outbox', schema);
