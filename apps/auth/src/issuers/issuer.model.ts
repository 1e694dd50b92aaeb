import type { IssuerRights, ScopeRule } from '@keyport/contracts';
import { Schema, type Connection, type Model } from 'mongoose';

/** Somebody else who issues tokens. Belongs to the deployment, and is cut by its own ceiling. */
export interface Issuer {
  readonly _id: string;
  /** `iss`. */
  readonly issuer: string;
  /** Null where the keys were given. */
  readonly jwksUri: string | null;
  readonly audience: string;
  readonly typ: string | null;
  readonly trust: IssuerRights['trust'];
  readonly scopeMapping: readonly ScopeRule[];
  readonly ceiling: readonly string[];
  readonly maxLifetimeSeconds: number;
  /** Public members only, one entry a `kid` and algorithm. */
  readonly keys: IssuerRights['keys'];
  /** When the key set was fetched last. */
  readonly fetchedAt: Date | null;
  /** Why the last attempt failed, or some keys are not used. */
  readonly problem: string | null;
  /** When it is fetched again unasked; null where the keys were given. */
  readonly fetchDueAt: Date | null;
  /** Until then nobody asks the issuer, whatever its tokens name. */
  readonly restsUntil: Date;
  readonly createdAt: Date;
  /** `sub`. */
  readonly createdBy: string;
  /** Grows with each change that somebody asks for, so that none is made on what was so before. */
  readonly version: number;
}

const schema = new Schema<Issuer>(
  {
    _id: { type: String, required: true },
    issuer: { type: String, required: true },
    jwksUri: { type: String, default: null },
    audience: { type: String, required: true },
    typ: { type: String, default: null },
    trust: { type: String, required: true },
    scopeMapping: { type: Schema.Types.Mixed, required: true },
    ceiling: { type: [String], required: true },
    maxLifetimeSeconds: { type: Number, required: true },
    keys: { type: Schema.Types.Mixed, required: true },
    fetchedAt: { type: Date, default: null },
    problem: { type: String, default: null },
    fetchDueAt: { type: Date, default: null },
    restsUntil: { type: Date, required: true },
    createdAt: { type: Date, required: true },
    createdBy: { type: String, required: true },
    version: { type: Number, required: true },
  },
  { versionKey: false, minimize: false },
);
schema.index({ issuer: 1 }, { unique: true });
schema.index({ fetchDueAt: 1 });

export const issuerModel = (connection: Connection): Model<Issuer> =>
  connection.model<Issuer>('Issuer', schema, 'issuers');
