import type {
  ContentEncoding,
  ErrorCode,
  ErrorParams,
  Import,
  ImportCounts,
  ImportOptions,
  ImportState,
  WriteMode,
} from '@keyport/contracts';
import { keepsUntold, type WithUntold } from '@keyport/outbox';
import { Schema, type Connection, type Model, type mongo } from 'mongoose';
import type { SpoolPosition } from '../intake/piece-sequence.ts';
import type { Seats } from '../quotas/seats.ts';
import type { RowRange } from './chunk-outcome.ts';
import type { StoredRetry } from '../retrying/retry.ts';
import type { StoredUndo } from '../undoing/undo.ts';
import { unfinishedStates } from './import-state.ts';

/** Where reading goes on: everything before it is written and counted. */
export interface StoredPosition {
  /** Number of the next chunk. */
  readonly chunk: number;
  /** Bytes of the upload as sent that lie behind. */
  readonly processed: number;
  readonly spool: SpoolPosition;
  /** `RowPosition` of the codec, as JSON; null at the start of the file. */
  readonly row: string | null;
}

export interface Lease {
  /** The process that holds the import; null where nobody does and nothing is under way. */
  readonly owner: string | null;
  /** Grows with every take-over: a write of an earlier holder meets another number and changes nothing. */
  readonly fence: number;
  /** By the clock of MongoDB. */
  readonly expiresAt: Date;
  /**
   * Logical session of the holder's transactions. MongoDB keeps a killed holder's transaction open, and the import in
   * conflict, for `transactionLifetimeLimitSeconds`; whoever takes over ends the session first.
   */
  readonly session: mongo.Binary | null;
}

export interface Failure {
  readonly code: ErrorCode;
  readonly params: ErrorParams;
}

export interface Reserved {
  /** Bytes of the upload, from its start, that are taken off the quota. */
  readonly bytes: number;
  /** UTC day, `2026-11-24`, of the quota that the last of them were taken off. */
  readonly day: string;
}

/** State of the spool right behind the mark with which the newest request began. */
export interface UploadTail extends SpoolPosition {
  /** SHA-256 of the bytes before `offset`, hex; null where no request could say. */
  readonly digest: string | null;
}

export interface UploadedFile {
  readonly length: number;
  readonly digest: string;
}

/** Imports of earlier versions have no seats. */
export interface ImportDocument extends Partial<Seats>, WithUntold {
  readonly _id: string;
  readonly dataset: string;
  /** Of the dataset when the import was accepted: one made anew under this name is not what it was accepted for. */
  readonly datasetId: string;
  /** Whose import it is: `Caller.creator`. */
  readonly creator: string;
  readonly mode: WriteMode;
  readonly format: Import['format'];
  readonly contentEncoding: ContentEncoding;
  /** `ReadingOptions` as JSON; null, or missing in imports of earlier versions, for none. */
  readonly readingText?: string | null;
  readonly key: readonly string[];
  readonly onError: ImportOptions['onError'];
  readonly maxErrors: number | null;
  /** Nothing is written. Missing in imports of earlier versions. */
  readonly dryRun?: boolean;
  /** The dataset's JSON Schema when the import was accepted, as JSON: a chunk must come out the same in every process. */
  readonly schemaText: string | null;
  /** Signed by auth for this job. */
  readonly grant: string;
  /** Rows and fields that it was accepted for, by `limitsText`; null for all. */
  readonly limits: string | null;
  /** What it holds of its creator's daily bytes; null where there is no such quota. */
  readonly reserved: Reserved | null;
  readonly state: ImportState;
  /** Grows with every stored change that a caller can see; 0 in imports of earlier versions. */
  readonly sequence?: number;
  readonly epoch: number;
  readonly sealedLength: number | null;
  /** The upload is brought by several requests (tus), and its metadata as they were sent. */
  readonly resumable?: boolean;
  readonly uploadMetadata?: string;
  /** What the sender said the whole has, before it is sealed. */
  readonly uploadLength?: number | null;
  /** What the request that began it said that it would bring, or more where more was asked for; null for neither. */
  readonly expectedLength?: number | null;
  /** The upload as far as it was counted when the newest request began; null for the first. */
  readonly tail?: UploadTail | null;
  /** Not to be read before it is sealed. */
  readonly verifiedFirst?: boolean;
  /** Unique for its creator, with a digest of the options that it stands for. */
  readonly idempotencyKey?: string | null;
  readonly requestDigest?: string | null;
  /** SHA-256 and length of the whole upload, where the same file may be sent again. */
  readonly file?: UploadedFile | null;
  readonly received: number;
  /** When something last arrived or was written. */
  readonly touchedAt: Date;
  readonly position: StoredPosition;
  /** Behind the position, of chunks that were counted when it ended early. */
  readonly readBehind?: readonly RowRange[];
  readonly counts: ImportCounts;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly cancelRequestedAt: Date | null;
  /** Whoever holds it is to end it for this reason, once all that is written is counted. */
  readonly failRequested: Failure | null;
  readonly error: Failure | null;
  readonly lease: Lease;
  /** Nobody takes it before; how an idle upload and a failing one are let rest. */
  readonly notBefore: Date;
  /** Runs in a row that ended in an unexpected error without getting further. */
  readonly failures: number;
  /** Holders in a row that died or froze without getting further. */
  readonly lostHolders: number;
  /** Last piece that was read when the upload was found idle. */
  readonly idleSequence: number | null;
  /** Null where a file brings the rows; missing in imports of earlier versions. */
  readonly retry?: StoredRetry | null;
  /** Missing in imports of earlier versions. */
  readonly undo?: StoredUndo | null;
}

const required = <T>(type: T) => ({ type, required: true }) as const;
const count = { type: Number, required: true, default: 0 } as const;
const maybe = <T>(type: T) => ({ type, default: null }) as const;

const schema = new Schema<ImportDocument>(
  {
    _id: { type: String },
    dataset: required(String),
    datasetId: required(String),
    creator: required(String),
    mode: required(String),
    format: required(String),
    contentEncoding: required(String),
    readingText: maybe(String),
    key: [String],
    onError: required(String),
    maxErrors: maybe(Number),
    dryRun: { type: Boolean, default: false },
    schemaText: maybe(String),
    grant: required(String),
    limits: maybe(String),
    seat: maybe(Number),
    ownSeat: maybe(Number),
    reserved: { type: { bytes: Number, day: String }, default: null, _id: false },
    state: required(String),
    sequence: count,
    epoch: required(Number),
    sealedLength: maybe(Number),
    resumable: { type: Boolean, default: false },
    uploadMetadata: { type: String, default: '' },
    uploadLength: maybe(Number),
    expectedLength: maybe(Number),
    tail: maybe(Schema.Types.Mixed),
    verifiedFirst: { type: Boolean, default: false },
    idempotencyKey: maybe(String),
    requestDigest: maybe(String),
    file: maybe(Schema.Types.Mixed),
    received: count,
    touchedAt: required(Date),
    position: {
      chunk: count,
      processed: count,
      spool: { sequence: count, offset: count, epoch: count },
      row: maybe(String),
    },
    readBehind: { type: [Schema.Types.Mixed], default: [] },
    counts: {
      read: count,
      inserted: count,
      updated: count,
      unchanged: count,
      deleted: count,
      rejected: count,
      skipped: count,
    },
    createdAt: required(Date),
    startedAt: maybe(Date),
    finishedAt: maybe(Date),
    cancelRequestedAt: maybe(Date),
    failRequested: maybe(Schema.Types.Mixed),
    error: maybe(Schema.Types.Mixed),
    lease: { owner: maybe(String), fence: count, expiresAt: required(Date), session: maybe(Schema.Types.Mixed) },
    notBefore: required(Date),
    failures: count,
    lostHolders: count,
    idleSequence: maybe(Number),
    retry: maybe(Schema.Types.Mixed),
    undo: maybe(Schema.Types.Mixed),
  },
  { collection: 'imports', versionKey: false, minimize: false },
);
schema.index({ creator: 1, _id: -1 });
schema.index(
  { creator: 1, idempotencyKey: 1 },
  { unique: true, partialFilterExpression: { idempotencyKey: { $type: 'string' } } },
);
schema.index(
  { 'retry.of': 1, 'retry.generation': 1 },
  { unique: true, partialFilterExpression: { 'retry.of': { $type: 'string' } } },
);
schema.index({ dataset: 1, _id: -1 });
schema.index({ state: 1, notBefore: 1 });
/** All of it that {@link ConcurrentImports} asks for. */
export const seatsIndex = { state: 1, creator: 1, ownSeat: 1, seat: 1 } as const;
schema.index(seatsIndex);
const unfinished = { state: { $in: [...unfinishedStates] } };
schema.index({ seat: 1 }, { unique: true, partialFilterExpression: { ...unfinished, seat: { $type: 'number' } } });
schema.index(
  { creator: 1, ownSeat: 1 },
  { unique: true, partialFilterExpression: { ...unfinished, ownSeat: { $type: 'number' } } },
);
schema.index({ 'undo.state': 1 }, { partialFilterExpression: { 'undo.state': 'running' } });

keepsUntold(schema);

export const importModel = (connection: Connection): Model<ImportDocument> =>
  connection.model<ImportDocument>('Import', schema);
