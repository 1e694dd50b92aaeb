import { Schema, type Connection, type Model } from 'mongoose';

/** What is kept of a refresh token: never itself. */
export interface RefreshToken {
  /** SHA-256 of the token, base64url. */
  readonly _id: string;
  readonly sessionId: string;
  /** Set once; a second use ends the session. */
  readonly usedAt: Date | null;
  readonly expiresAt: Date;
}

const schema = new Schema<RefreshToken>(
  {
    _id: { type: String, required: true },
    sessionId: { type: String, required: true },
    usedAt: { type: Date, default: null },
    expiresAt: { type: Date, required: true },
  },
  { versionKey: false },
);
schema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });

export const refreshTokenModel = (connection: Connection): Model<RefreshToken> =>
  connection.model<RefreshToken>('RefreshToken', schema, 'refresh-tokens');
