import type { PublicKeyRights, UsageLimits } from '@keyport/contracts';
import { Schema, type Connection, type Model } from 'mongoose';

/** A registered public key: whoever holds its private half signs tokens for the user. */
export interface PublicKey {
  /** The `kid` is `pk-<id>`. */
  readonly _id: string;
  readonly userId: string;
  readonly name: string;
  /** Public members only, each encoded in the one canonical way, with `kid`, `alg` and `use`. */
  readonly jwk: PublicKeyRights['jwk'];
  /** RFC 7638; null once the key is revoked, so that a user has it once among those that verify. */
  readonly thumbprint: string | null;
  /** `iss` of its tokens. */
  readonly issuer: string;
  readonly scopes: readonly string[];
  readonly maxLifetimeSeconds: number;
  readonly limits: UsageLimits;
  /** What it was registered through, and ends with: ids of keys, and `kid` of public keys, nearest first. */
  readonly ancestors: readonly string[];
  readonly createdAt: Date;
  /** Null where it does not end by itself. */
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  /** Until when the revocation must be shown on the bus. */
  readonly revocationKeptUntil: Date | null;
  /** True once the bus holds the revocation. */
  readonly isRevocationTold: boolean;
}

const schema = new Schema<PublicKey>(
  {
    _id: { type: String, required: true },
    userId: { type: String, required: true },
    name: { type: String, required: true },
    jwk: { type: Schema.Types.Mixed, required: true },
    thumbprint: { type: String, default: null },
    issuer: { type: String, required: true },
    scopes: { type: [String], required: true },
    maxLifetimeSeconds: { type: Number, required: true },
    limits: { type: Schema.Types.Mixed, required: true },
    ancestors: { type: [String], default: [] },
    createdAt: { type: Date, required: true },
    expiresAt: { type: Date, default: null },
    revokedAt: { type: Date, default: null },
    revocationKeptUntil: { type: Date, default: null },
    isRevocationTold: { type: Boolean, default: false },
  },
  // An empty object is a value here: no limits.
  { versionKey: false, minimize: false },
);
schema.index({ userId: 1, _id: -1 });
schema.index(
  { userId: 1, thumbprint: 1 },
  { unique: true, partialFilterExpression: { thumbprint: { $type: 'string' } } },
);
schema.index({ ancestors: 1 });
schema.index({ revokedAt: 1 });
schema.index({ isRevocationTold: 1 }, { partialFilterExpression: { revokedAt: { $type: 'date' } } });

export const publicKeyModel = (connection: Connection): Model<PublicKey> =>
  connection.model<PublicKey>('PublicKey', schema, 'public-keys');
