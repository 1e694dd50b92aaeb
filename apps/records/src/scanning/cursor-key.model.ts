import { Schema, type Connection, type Model } from 'mongoose';

/** The secret that cursors are sealed with. */
export interface CursorKey {
  /** What for. */
  readonly _id: string;
  /** 32 bytes, base64. */
  readonly key: string;
}

const schema = new Schema<CursorKey>(
  { _id: { type: String, required: true }, key: { type: String, required: true } },
  { collection: 'cursor-keys', versionKey: false },
);

export const cursorKeyModel = (connection: Connection): Model<CursorKey> =>
  connection.model<CursorKey>('CursorKey', schema);
