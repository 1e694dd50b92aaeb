import { Schema, type Connection, type Model } from 'mongoose';
import type { getClient, ReplyOf } from '@keyport/contracts';

/** A registered OAuth 2 client. It belongs to the deployment, and its tokens are cut by its scopes of the moment. */
export interface Client {
  /** `client_id`: `client-<twelve bytes as hex>`. */
  readonly _id: string;
  readonly name: string;
  readonly grants: readonly string[];
  /** The ceiling. */
  readonly scopes: readonly string[];
  readonly authentication: ReplyOf<typeof getClient>['authentication'];
  /** SHA-256 of the secret, base64url. */
  readonly secretHash: string | null;
  /** Public members only, each encoded in the one canonical way, with `alg`, and `kid` where it was given one. */
  readonly jwks: { readonly keys: readonly ClientJwk[] } | null;
  readonly createdAt: Date;
  /** `sub` of who made it. */
  readonly createdBy: string;
}

export interface ClientJwk {
  readonly kty: string;
  readonly alg: string;
  readonly kid?: string;
  readonly [member: string]: string | undefined;
}

const schema = new Schema<Client>(
  {
    _id: { type: String, required: true },
    name: { type: String, required: true },
    grants: { type: [String], required: true },
    scopes: { type: [String], required: true },
    authentication: { type: String, required: true },
    secretHash: { type: String, default: null },
    jwks: { type: Schema.Types.Mixed, default: null },
    createdAt: { type: Date, required: true },
    createdBy: { type: String, required: true },
  },
  { versionKey: false },
);

export const clientModel = (connection: Connection): Model<Client> =>
  connection.model<Client>('Client', schema, 'clients');
