import type { SigningKeyState } from '@keyport/contracts';
import { Schema, type Connection, type Model } from 'mongoose';

export interface PublicSigningJwk {
  readonly kid: string;
  readonly kty: string;
  readonly crv: string;
  readonly x: string;
  readonly y: string;
  readonly alg: string;
  readonly use: string;
}

export interface SigningKey {
  /** `kid` */
  readonly _id: string;
  readonly state: SigningKeyState;
  readonly publicJwk: PublicSigningJwk;
  /** The private JWK, encrypted by {@link Sealer}; null once the key was revoked. */
  readonly sealedPrivateJwk: string | null;
  /** Every KEYPORT_PUBLIC_URL that the deployment had: `iss` values that stay accepted. */
  readonly issuers: readonly string[];
  readonly createdAt: Date;
  /** Since when all who verify tokens can know it; null until the bus holds it. */
  readonly publishedAt: Date | null;
  readonly currentSince: Date | null;
  readonly previousSince: Date | null;
  readonly revokedAt: Date | null;
  /** True once the API keys that it signed, and what was minted through them, were ended too. */
  readonly hasEndedKeys: boolean;
}

const schema = new Schema<SigningKey>(
  {
    _id: { type: String, required: true },
    state: { type: String, required: true },
    publicJwk: { type: Schema.Types.Mixed, required: true },
    sealedPrivateJwk: { type: String, default: null },
    issuers: { type: [String], required: true },
    createdAt: { type: Date, required: true },
    publishedAt: { type: Date, default: null },
    currentSince: { type: Date, default: null },
    previousSince: { type: Date, default: null },
    revokedAt: { type: Date, default: null },
    hasEndedKeys: { type: Boolean, default: false },
  },
  { versionKey: false },
);
// Processes that start together, or rotate together, make one key of each: the second insert is refused.
for (const state of ['current', 'standby']) {
  schema.index({ state: 1 }, { name: `one_${state}`, unique: true, partialFilterExpression: { state } });
}

export const signingKeyModel = (connection: Connection): Model<SigningKey> =>
  connection.model<SigningKey>('SigningKey', schema, 'signing-keys');
