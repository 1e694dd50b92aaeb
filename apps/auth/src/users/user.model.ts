import type { Role } from '@keyport/contracts';
import { Schema, type Connection, type Model } from 'mongoose';

export interface User {
  readonly _id: string;
  /** In lower case. */
  readonly email: string;
  readonly role: Role;
  /** Of a member; empty for other roles, which say themselves what they give. */
  readonly scopes: readonly string[];
  readonly disabled: boolean;
  /** PHC string of argon2id. */
  readonly passwordHash: string;
  readonly createdAt: Date;
  readonly lastLoginAt: Date | null;
  /** How often this owner was the one who stayed: written, so that two owners who go at once meet a write conflict. */
  readonly timesStayed: number;
  /** Encrypted text of `owner.json` that has yet to be written; null once it was. */
  readonly sealedOwnerFile: string | null;
}

const schema = new Schema<User>(
  {
    _id: { type: String, required: true },
    email: { type: String, required: true },
    role: { type: String, required: true },
    scopes: { type: [String], default: [] },
    disabled: { type: Boolean, default: false },
    passwordHash: { type: String, required: true },
    createdAt: { type: Date, required: true },
    lastLoginAt: { type: Date, default: null },
    timesStayed: { type: Number, default: 0 },
    sealedOwnerFile: { type: String, default: null },
  },
  { versionKey: false },
);
schema.index({ email: 1 }, { unique: true });
schema.index({ role: 1 });

export const userModel = (connection: Connection): Model<User> => connection.model<User>('User', schema, 'users');

/** A user as they are stored first. */
export const newUser = (
  user: Pick<User, '_id' | 'email' | 'role' | 'passwordHash'> & Partial<Pick<User, 'scopes' | 'sealedOwnerFile'>>,
): User => ({
  scopes: [],
  sealedOwnerFile: null,
  ...user,
  email: user.email.toLowerCase(),
  disabled: false,
  createdAt: new Date(),
  lastLoginAt: null,
  timesStayed: 0,
});
