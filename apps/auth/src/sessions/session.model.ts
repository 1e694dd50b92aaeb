import { Schema, type Connection, type Model } from 'mongoose';

/** One sign-in, by Keyport's own login or for an OAuth 2 client, and the family of refresh tokens that came from it. */
export interface Session {
  /** The `sid` claim of its access tokens. */
  readonly _id: string;
  readonly userId: string;
  /** The client that it was made for, and whose refresh tokens alone are good with it; null for Keyport's own login. */
  readonly clientId?: string | null;
  /** What was asked for; null for all that the user may do. */
  readonly scopes?: readonly string[] | null;
  /** RFC 9449 §5: the key that its refresh tokens are bound to. */
  readonly dpopJkt?: string | null;
  readonly createdAt: Date;
  /** No refresh lets it live longer. */
  readonly expiresAt: Date;
  readonly endedAt: Date | null;
  /** `sub` of who ended it, and why. */
  readonly endedBy: string | null;
  readonly endReason: string | null;
  /** Whether its access tokens were revoked after it had ended. */
  readonly settled: boolean;
}

const secondsPerDay = 24 * 3600;

const schema = new Schema<Session>(
  {
    _id: { type: String, required: true },
    userId: { type: String, required: true },
    clientId: { type: String, default: null },
    scopes: { type: [String], default: null },
    dpopJkt: { type: String, default: null },
    createdAt: { type: Date, required: true },
    expiresAt: { type: Date, required: true },
    endedAt: { type: Date, default: null },
    endedBy: { type: String, default: null },
    endReason: { type: String, default: null },
    settled: { type: Boolean, default: false },
  },
  { versionKey: false },
);
schema.index({ userId: 1 });
// A day more than it lives, so that one that ends in its last moment is still settled.
schema.index({ expiresAt: 1 }, { expireAfterSeconds: secondsPerDay });
schema.index({ endedAt: 1 }, { partialFilterExpression: { settled: false, endedAt: { $type: 'date' } } });

export const sessionModel = (connection: Connection): Model<Session> =>
  connection.model<Session>('Session', schema, 'sessions');
