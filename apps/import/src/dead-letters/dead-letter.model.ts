import { Schema, type Connection, type Model, type mongo } from 'mongoose';

/** An event that could not be written, as it was published. */
export interface StoredDeadLetter {
  readonly _id: string;
  /** An event that is published again makes no further letter: of its dataset, source and id; else of its place in the stream. */
  readonly key: string;
  readonly dataset: string | null;
  readonly subject: string;
  /** Where it stands in which stream, the last time. */
  readonly stream: string;
  readonly sequence: number;
  readonly source: string | null;
  readonly eventId: string | null;
  readonly type: string | null;
  readonly eventSubject: string | null;
  readonly code: string;
  readonly message: string;
  readonly path?: string;
  readonly deliveries: number;
  readonly replays: number;
  readonly publishedAt: Date;
  readonly refusedAt: Date;
  readonly expiresAt: Date;
  /** Of the message as it was published. */
  readonly bytes: number;
  readonly raw: mongo.Binary;
  readonly complete: boolean;
}

const text = { type: String, required: true } as const;
const perhaps = { type: String, default: null } as const;
const number = { type: Number, required: true } as const;
const date = { type: Date, required: true } as const;

const schema = new Schema<StoredDeadLetter>(
  {
    ...{ _id: text, key: text, dataset: perhaps, subject: text, stream: text, sequence: number },
    ...{ source: perhaps, eventId: perhaps, type: perhaps, eventSubject: perhaps },
    ...{ code: text, message: { type: String }, path: String, deliveries: number, replays: number },
    ...{ publishedAt: date, refusedAt: date, expiresAt: date, bytes: number },
    raw: { type: Schema.Types.Mixed },
    complete: { type: Boolean, required: true },
  },
  { collection: 'deadLetters', versionKey: false },
);
schema.index({ key: 1 }, { unique: true });
schema.index({ dataset: 1, _id: 1 });
// What is kept of a subject is told from the index alone.
schema.index({ subject: 1, bytes: 1 });
schema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });

export const deadLetterModel = (connection: Connection): Model<StoredDeadLetter> =>
  connection.model<StoredDeadLetter>('DeadLetter', schema);
