import { Schema, type Connection, type Model, type Types } from 'mongoose';

/** How many records a transaction changed, noted by itself until it is summed up. */
export interface NotedChange {
  readonly _id: Types.ObjectId;
  readonly dataset: string;
  readonly datasetId: string;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

const count = { type: Number, required: true } as const;

const schema = new Schema<NotedChange>(
  {
    dataset: { type: String, required: true },
    datasetId: { type: String, required: true },
    inserted: count,
    updated: count,
    deleted: count,
  },
  { collection: 'notedChanges', versionKey: false },
);

export const notedChangeModel = (connection: Connection): Model<NotedChange> =>
  connection.model<NotedChange>('NotedChange', schema);
