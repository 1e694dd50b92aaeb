import { Schema, type Connection, type Model } from 'mongoose';

/** Refused events of one subject: exact, however many of them are kept. */
export interface DeadLetterTotals {
  /** The subject. */
  readonly _id: string;
  readonly dataset: string | null;
  /** Up to where the stream's events are counted: what a killed process had counted is not counted again. */
  readonly stream: string;
  readonly lastSequence: number;
  readonly refused: number;
  readonly notKept: number;
  /** By code. */
  readonly codes: Readonly<Record<string, number>>;
  /** Goes when nothing was refused for as long as a letter is kept. */
  readonly expiresAt: Date;
}

const number = { type: Number, required: true } as const;

const schema = new Schema<DeadLetterTotals>(
  {
    _id: { type: String, required: true },
    dataset: { type: String, default: null },
    stream: { type: String, required: true },
    ...{ lastSequence: number, refused: number, notKept: number },
    codes: { type: Schema.Types.Mixed, required: true },
    expiresAt: { type: Date, required: true },
  },
  { collection: 'deadLetterTotals', versionKey: false, minimize: false },
);
schema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });

export const deadLetterTotalsModel = (connection: Connection): Model<DeadLetterTotals> =>
  connection.model<DeadLetterTotals>('DeadLetterTotals', schema);
