import { Schema, type Connection, type Model } from 'mongoose';

/** One document that every admission changes: of two at the same time one meets the other, and counts anew. */
export interface AdmissionGate {
  readonly _id: 'exports';
  readonly admitted: number;
}

const schema = new Schema<AdmissionGate>(
  { _id: String, admitted: Number },
  { collection: 'admission-gate', versionKey: false },
);

export const admissionGateModel = (connection: Connection): Model<AdmissionGate> =>
  connection.model<AdmissionGate>('AdmissionGate', schema);
