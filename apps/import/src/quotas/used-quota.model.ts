import { Schema, type Connection, type Model } from 'mongoose';

/** What one holder has used of one UTC day's quotas. */
export interface UsedQuota {
  /** `<day>|<Caller.creator>`. */
  readonly _id: string;
  readonly imports: number;
  /** Bytes of uploads as sent, those taken ahead included. */
  readonly bytes: number;
  readonly expiresAt: Date;
}

const schema = new Schema<UsedQuota>(
  {
    _id: { type: String },
    imports: { type: Number, required: true },
    bytes: { type: Number, required: true },
    expiresAt: { type: Date, required: true },
  },
  { collection: 'import-quotas', versionKey: false },
);
schema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });

export const usedQuotaModel = (connection: Connection): Model<UsedQuota> =>
  connection.model<UsedQuota>('UsedQuota', schema);
