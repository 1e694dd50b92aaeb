import { Schema, type Connection, type Model } from 'mongoose';

/** Which process takes from the stream `INGEST`; one document. */
export interface IngestHold {
  /** The stream's name. */
  readonly _id: string;
  readonly owner: string | null;
  /** Rises with every holder. */
  readonly fence: number;
  readonly expiresAt: Date;
}

const schema = new Schema<IngestHold>(
  {
    _id: { type: String, required: true },
    owner: { type: String },
    fence: { type: Number, required: true },
    expiresAt: { type: Date, required: true },
  },
  { collection: 'ingestHolds', versionKey: false },
);

export const ingestHoldModel = (connection: Connection): Model<IngestHold> =>
  connection.model<IngestHold>('IngestHold', schema);
