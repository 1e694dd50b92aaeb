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
  /** The one that signs. */
  readonly state: 'current';
  readonly publicJwk: PublicSigningJwk;
  /** The private JWK, encrypted by {@link Sealer}. */
  readonly sealedPrivateJwk: string;
  /** Every KEYPORT_PUBLIC_URL under which the key has signed: `iss` values that stay accepted. */
  readonly issuers: readonly string[];
  readonly createdAt: Date;
}

const schema = new Schema<SigningKey>(
  {
    _id: { type: String, required: true },
    state: { type: String, required: true },
    publicJwk: { type: Schema.Types.Mixed, required: true },
    sealedPrivateJwk: { type: String, required: true },
    issuers: { type: [String], required: true },
    createdAt: { type: Date, required: true },
  },
  { versionKey: false },
);
// Processes that start together make one key: the second insert is refused.
schema.index({ state: 1 }, { unique: true, partialFilterExpression: { state: 'current' } });

export const signingKeyModel = (connection: Connection): Model<SigningKey> =>
  connection.model<SigningKey>('SigningKey', schema, 'signing-keys');
