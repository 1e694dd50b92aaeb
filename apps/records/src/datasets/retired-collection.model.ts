import { Schema, type Connection, type Model } from 'mongoose';

/** A collection that no dataset uses any more, or not yet. */
export interface RetiredCollection {
  /** The collection's name. */
  readonly _id: string;
  readonly retiredAt: Date;
}

const schema = new Schema<RetiredCollection>(
  { _id: { type: String, required: true }, retiredAt: { type: Date, required: true } },
  { collection: 'retiredCollections', versionKey: false },
);

export const retiredCollectionModel = (connection: Connection): Model<RetiredCollection> =>
  connection.model<RetiredCollection>('RetiredCollection', schema);
