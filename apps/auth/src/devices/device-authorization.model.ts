import { Schema, type Connection, type Model } from 'mongoose';

/** A device that asks for a token, and what a person said to that (RFC 8628). */
export interface DeviceAuthorization {
  /** SHA-256 of the device code, base64url. */
  readonly _id: string;
  /** Eight letters. */
  readonly userCode: string;
  readonly clientId: string;
  /** SHA-256 of the address that asked, base64url. */
  readonly askedFrom: string;
  /** What the device asked for, within what its client may. */
  readonly scopes: readonly string[];
  readonly state: 'pending' | 'approved' | 'denied' | 'redeemed';
  /** The sign-in that was made when a person approved; its tokens are made when the device fetches them. */
  readonly sessionId: string | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly polledAt: Date | null;
  readonly intervalSeconds: number;
  readonly forgottenAt: Date;
}

const schema = new Schema<DeviceAuthorization>(
  {
    _id: { type: String, required: true },
    userCode: { type: String, required: true },
    clientId: { type: String, required: true },
    askedFrom: { type: String, required: true },
    scopes: { type: [String], required: true },
    state: { type: String, required: true },
    sessionId: { type: String, default: null },
    createdAt: { type: Date, required: true },
    expiresAt: { type: Date, required: true },
    polledAt: { type: Date, default: null },
    intervalSeconds: { type: Number, required: true },
    forgottenAt: { type: Date, required: true },
  },
  { versionKey: false },
);
schema.index({ userCode: 1 }, { unique: true });
schema.index({ clientId: 1, expiresAt: 1 });
schema.index({ forgottenAt: 1 }, { expireAfterSeconds: 0 });

export const deviceAuthorizationModel = (connection: Connection): Model<DeviceAuthorization> =>
  connection.model<DeviceAuthorization>('DeviceAuthorization', schema, 'device-authorizations');
