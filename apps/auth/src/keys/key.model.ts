import { Schema, type Connection, type Model } from 'mongoose';

/** What is kept of an API key: never its token. */
export interface Key {
  /** Key id, the `key` claim. */
  readonly _id: string;
  readonly userId: string;
  readonly name: string;
  readonly scopes: readonly string[];
  /** `jti` of its token. */
  readonly tokenId: string;
  /** `anc` of its token: the tokens it was minted through, nearest first. */
  readonly ancestors: readonly string[];
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly revokedAt: Date | null;
  /** Until when the revocation must be shown on the bus. */
  readonly revocationKeptUntil: Date | null;
  readonly revocationAnnounced: boolean;
}

const schema = new Schema<Key>(
  {
    _id: { type: String, required: true },
    userId: { type: String, required: true },
    name: { type: String, required: true },
    scopes: { type: [String], required: true },
    tokenId: { type: String, required: true },
    ancestors: { type: [String], required: true },
    createdAt: { type: Date, required: true },
    expiresAt: { type: Date, required: true },
    revokedAt: { type: Date, default: null },
    revocationKeptUntil: { type: Date, default: null },
    revocationAnnounced: { type: Boolean, default: false },
  },
  { versionKey: false },
);
schema.index({ userId: 1, _id: -1 });
schema.index({ revocationKeptUntil: 1 }, { partialFilterExpression: { revocationKeptUntil: { $type: 'date' } } });

export const keyModel = (connection: Connection): Model<Key> => connection.model<Key>('Key', schema, 'keys');

/** A key as it is stored first. */
export const newKey = (key: Omit<Key, 'revokedAt' | 'revocationKeptUntil' | 'revocationAnnounced'>): Key => ({
  ...key,
  revokedAt: null,
  revocationKeptUntil: null,
  revocationAnnounced: false,
});
