import { Schema, type Connection, type Model } from 'mongoose';

/** A collection that holds what a dry run would have written. */
export interface DryRun {
  /** The collection's name. */
  readonly _id: string;
  readonly source: string;
  /** When a chunk last came. */
  readonly usedAt: Date;
}

const schema = new Schema<DryRun>(
  {
    _id: { type: String, required: true },
    source: { type: String, required: true },
    usedAt: { type: Date, required: true },
  },
  { collection: 'dry-runs', versionKey: false },
);
schema.index({ source: 1 });
schema.index({ usedAt: 1 });

export const dryRunModel = (connection: Connection): Model<DryRun> => connection.model<DryRun>('DryRun', schema);
