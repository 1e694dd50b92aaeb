import type { Timestamp } from 'bson';
import { Schema, type Connection, type Model } from 'mongoose';

/** How far the change stream of a database has been followed, and by whom. */
export interface ChangeStreamState {
  /** Whose database (change-history.ts). */
  readonly _id: string;
  /** All changes before this cluster time are stored; where following goes on. Null before it began. */
  readonly position: Timestamp | null;
  /** A reader waits until the position has come so far. */
  readonly asked: Timestamp | null;
  /** Of the deployment that the position is of, and the most marks that were seen there. */
  readonly deployment: string | null;
  readonly marks: number;
  /** Number of the last change stored, over all datasets of the database. */
  readonly seq: number;
  readonly holder: string | null;
  /** Grows with each take-over: who has an older one stores nothing more. */
  readonly fence: number;
  readonly leaseUntil: Date;
}

const schema = new Schema<ChangeStreamState>(
  {
    _id: { type: String, required: true },
    position: { type: Schema.Types.Mixed, default: null },
    asked: { type: Schema.Types.Mixed, default: null },
    deployment: { type: String, default: null },
    marks: { type: Number, required: true },
    seq: { type: Number, required: true },
    holder: { type: String, default: null },
    fence: { type: Number, required: true },
    leaseUntil: { type: Date, required: true },
  },
  { collection: 'changeStreams', versionKey: false },
);

export const changeStreamModel = (connection: Connection): Model<ChangeStreamState> =>
  connection.model<ChangeStreamState>('ChangeStream', schema);
