import { Schema, type Connection, type Model } from 'mongoose';

/** A stretch of the ids of an order: which records, one behind the other, a sorted scan gives. */
export interface OrderedIds {
  /** All stretches of one order have the same. */
  readonly order: string;
  /** Of the records. */
  readonly collectionName: string;
  /** What it was sorted by, so that no cursor of one order shows another. */
  readonly sort: string;
  /** Number of the first id within the order. */
  readonly from: number;
  readonly ids: readonly unknown[];
  readonly until: Date;
}

const schema = new Schema<OrderedIds>(
  {
    order: { type: String, required: true },
    collectionName: { type: String, required: true },
    sort: { type: String, required: true },
    from: { type: Number, required: true },
    ids: { type: [Schema.Types.Mixed], required: true },
    until: { type: Date, required: true },
  },
  { collection: 'orders', versionKey: false },
)
  .index({ order: 1, from: 1 }, { unique: true })
  .index({ until: 1 }, { expireAfterSeconds: 0 });

export const orderModel = (connection: Connection): Model<OrderedIds> => connection.model<OrderedIds>('Order', schema);
