import { Schema, type Connection, type Model } from 'mongoose';

/** One sign-in, and the family of refresh tokens that came from it. */
export interface Session {
  /** The `sid` claim of its access tokens. */
  readonly _id: string;
  readonly userId: string;
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
