import type { ExportSelection } from '@keyport/contracts';
import { keepsUntold, type WithUntold } from '@keyport/outbox';
import { Schema, type Connection, type Model } from 'mongoose';
import type { ExportState } from './export-states.ts';

export interface Lease {
  /** Process that writes the export. */
  readonly holder: string;
  /** On the database's clock. */
  readonly until: Date;
}

export interface ExportRecord extends WithUntold {
  readonly _id: string;
  readonly dataset: string;
  /** Of the dataset when the export was accepted. */
  readonly datasetId: string;
  readonly selection: ExportSelection;
  readonly state: ExportState;
  /** Whose it is: `Caller.creator`. */
  readonly creator: string;
  /** Job grant: secret. */
  readonly grant: string;
  /** Rows and fields that it was accepted for, by `limitsText`; null for all. */
  readonly limits: string | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly expiresAt: Date | null;
  /** When the record itself goes: its file went before. */
  readonly forgetAt: Date | null;
  readonly written: number;
  /** Length of what is stored. */
  readonly bytes: number;
  readonly digest: string | null;
  /** Where a later read may ask for what changed since its first page. */
  readonly since: string | null;
  readonly error: { readonly code: string; readonly detail: string } | null;
  /** Where reading goes on behind the stored bytes; null at the start. */
  readonly position: Buffer | null;
  /** Text behind the stored bytes of a compressed file, less than one of its members, and before the position. */
  readonly tail: Buffer | null;
  /** Parts may be stored: to be deleted when the file is of no more use. */
  readonly hasParts: boolean;
  readonly lease: Lease | null;
  /** Grows with each claim, so that who lost the lease can be told from who holds it. */
  readonly fence: number;
  /** Grows with every change that a caller can see. */
  readonly sequence: number;
  /** Tries since the last stored part that failed for no good reason. */
  readonly attempts: number;
  readonly notBefore: Date;
  /** Set while its parts are being deleted; nobody sees it any more. */
  readonly deletedAt: Date | null;
}

/** What concerns a job's owner: no secrets, nothing large. */
export type ExportView = Omit<
  ExportRecord,
  'grant' | 'position' | 'tail' | 'lease' | 'fence' | 'attempts' | 'notBefore' | 'untold'
>;

const schema = new Schema<ExportRecord>(
  {
    _id: String,
    dataset: String,
    datasetId: String,
    selection: { type: Schema.Types.Mixed },
    state: String,
    creator: String,
    grant: String,
    limits: { type: String, default: null },
    createdAt: Date,
    startedAt: { type: Date, default: null },
    finishedAt: { type: Date, default: null },
    expiresAt: { type: Date, default: null },
    forgetAt: { type: Date, default: null },
    written: { type: Number, default: 0 },
    bytes: { type: Number, default: 0 },
    digest: { type: String, default: null },
    since: { type: String, default: null },
    error: { type: { code: String, detail: String }, default: null, _id: false },
    position: { type: Buffer, default: null },
    tail: { type: Buffer, default: null },
    hasParts: { type: Boolean, default: false },
    lease: { type: { holder: String, until: Date }, default: null, _id: false },
    fence: { type: Number, default: 0 },
    sequence: { type: Number, default: 1 },
    attempts: { type: Number, default: 0 },
    notBefore: Date,
    deletedAt: { type: Date, default: null },
  },
  { collection: 'exports', versionKey: false },
)
  .index({ creator: 1, _id: -1 })
  .index({ state: 1, createdAt: 1 })
  .index({ hasParts: 1 }, { partialFilterExpression: { hasParts: true } })
  .index({ forgetAt: 1 }, { expireAfterSeconds: 0 });

keepsUntold(schema);

/** The one model on this connection, whoever asks first. */
export const exportModel = (connection: Connection): Model<ExportRecord> =>
  (connection.models.Export as Model<ExportRecord> | undefined) ?? connection.model<ExportRecord>('Export', schema);
