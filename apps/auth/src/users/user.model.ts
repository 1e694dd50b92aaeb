import { Schema, type Connection, type Model } from 'mongoose';

export interface User {
  readonly _id: string;
  /** In lower case. */
  readonly email: string;
  readonly role: 'owner';
  /** PHC string of argon2id. */
  readonly passwordHash: string;
  readonly createdAt: Date;
  /** Encrypted text of `owner.json` that has yet to be written; null once it was. */
  readonly sealedOwnerFile: string | null;
}

const schema = new Schema<User>(
  {
    _id: { type: String, required: true },
    email: { type: String, required: true },
    role: { type: String, required: true },
    passwordHash: { type: String, required: true },
    createdAt: { type: Date, required: true },
    sealedOwnerFile: { type: String, default: null },
  },
  { versionKey: false },
);
schema.index({ email: 1 }, { unique: true });

export const userModel = (connection: Connection): Model<User> => connection.model<User>('User', schema, 'users');
