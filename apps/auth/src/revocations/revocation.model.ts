import type { createRevocation, RequestOf } from '@keyport/contracts';
import { Schema, type Connection, type Model } from 'mongoose';

export type AskedRevocation = RequestOf<typeof createRevocation>;

/** One reason why tokens are refused. Several may stand behind one key of KV `revocations`. */
export interface Revocation {
  /** Twelve bytes as hex where it was asked for; made of the `key` itself where it follows from something else. */
  readonly _id: string;
  readonly origin: 'asked' | 'consequence';
  /** Key of KV `revocations`. */
  readonly key: string;
  /** Seconds since the epoch: what was issued earlier is revoked; null for altogether. */
  readonly before: number | null;
  /** When it no longer matters; null where that cannot be known. */
  readonly endsAt: Date | null;
  /** Holds from then on only; null for at once. */
  readonly from: Date | null;
  readonly createdAt: Date;
  /** `sub` of who revoked. */
  readonly createdBy: string;
  readonly reason: string | null;
  /** Id of the one that was asked for and from which it follows. */
  readonly of?: string;
}

export interface AskedForRevocation extends Revocation {
  readonly origin: 'asked';
  readonly asked: AskedRevocation;
  /** Tells the same request made again from another one. */
  readonly askedDigest: string;
}

/** Index that holds all that the projection needs, so that the documents themselves stay unread. */
export const keyOrder = { key: 1, before: 1, endsAt: 1, from: 1 } as const;

const schema = new Schema<AskedForRevocation>(
  {
    _id: { type: String, required: true },
    origin: { type: String, required: true },
    key: { type: String, required: true },
    before: { type: Number, default: null },
    endsAt: { type: Date, default: null },
    from: { type: Date, default: null },
    createdAt: { type: Date, required: true },
    createdBy: { type: String, required: true },
    reason: { type: String, default: null },
    of: { type: String },
    asked: { type: Schema.Types.Mixed },
    askedDigest: { type: String },
  },
  { versionKey: false },
);
schema.index(keyOrder);
schema.index({ endsAt: 1 }, { expireAfterSeconds: 0 });
schema.index({ origin: 1, _id: -1 }, { partialFilterExpression: { origin: 'asked' } });
schema.index({ of: 1 }, { sparse: true });
schema.index({ askedDigest: 1 }, { unique: true, partialFilterExpression: { origin: 'asked' } });

export const revocationModel = (connection: Connection): Model<AskedForRevocation> =>
  connection.model<AskedForRevocation>('Revocation', schema, 'revocations');
