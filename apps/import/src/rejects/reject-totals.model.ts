import { Schema, type Connection, type Model } from 'mongoose';
import type { Kept } from './reject-details.ts';
import type { RejectTotals } from './reject-groups.ts';

/** Rejected rows of one import: why, exact for all of them, and how many are kept with their text. */
export interface StoredRejectTotals extends RejectTotals {
  /** The import's id. */
  readonly _id: string;
  readonly kept: Kept;
}

const count = { type: Number, required: true } as const;

const schema = new Schema<StoredRejectTotals>(
  {
    _id: { type: String },
    groups: [{ _id: false, code: { type: String, required: true }, path: String, count, firstRow: count }],
    other: { type: { count, firstRow: count }, default: null, _id: false },
    kept: { rows: count, bytes: count },
  },
  { collection: 'rejectTotals', versionKey: false },
);

export const rejectTotalsModel = (connection: Connection): Model<StoredRejectTotals> =>
  connection.model<StoredRejectTotals>('RejectTotals', schema);
