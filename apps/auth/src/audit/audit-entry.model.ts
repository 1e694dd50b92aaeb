import type { AuditEntry } from '@keyport/contracts';
import { Schema, type Connection, type Model } from 'mongoose';

/** An entry as it is kept: its id is the gateway's, so the same one told twice is there once. */
export interface StoredAuditEntry extends Omit<AuditEntry, 'id' | 'at' | 'client'> {
  readonly _id: string;
  readonly at: Date;
  /** Entries of earlier versions have none. */
  readonly client?: string | null;
  /** When MongoDB removes it. */
  readonly expiresAt: Date;
}

const text = { type: String, default: null };

const schema = new Schema<StoredAuditEntry>(
  {
    _id: { type: String, required: true },
    requestId: { type: String, required: true },
    at: { type: Date, required: true },
    action: { type: String, required: true },
    method: { type: String, required: true },
    path: { type: String, required: true },
    dataset: text,
    status: { type: Number, required: true },
    code: text,
    issuer: text,
    subject: text,
    key: text,
    tokenId: text,
    client: text,
    account: text,
    address: { type: String, required: true },
    userAgent: text,
    expiresAt: { type: Date, required: true },
  },
  { versionKey: false },
);
// Ids grow with time, so behind each of these the newest come first.
for (const field of ['subject', 'key', 'client', 'action', 'dataset']) schema.index({ [field]: 1, _id: -1 });
schema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });

export const auditEntryModel = (connection: Connection): Model<StoredAuditEntry> =>
  connection.model<StoredAuditEntry>('AuditEntry', schema, 'audit');
