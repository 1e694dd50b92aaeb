import { keepsUntold, type WithUntold } from '@keyport/outbox';
import { Schema, type Connection, type Model } from 'mongoose';
import type { ChangeHistory } from '../changes/change-history.ts';
import type { StoredIndex } from './dataset-index.ts';

/** The definition of a dataset. */
export interface DatasetDefinition extends WithUntold {
  /** Its name. */
  readonly _id: string;
  /** What tells it from an earlier one of the same name; never changes. */
  readonly id: string;
  /**
   * The collection that holds its records: never named after the dataset, and a new one for every new dataset and every
   * new key, so that nobody meets what an earlier one left. Of a mapped dataset `<source>:<collection>` (sources/place.ts).
   */
  readonly collectionName: string;
  readonly key: readonly string[] | null;
  /** JSON text: a schema has field names that MongoDB gives a meaning to (`$ref`). */
  readonly schemaText: string | null;
  /**
   * False until the first chunk; its writer sets it within its own transaction, so that a change of key meets it. Always
   * true of a mapped dataset, whose key never changes.
   */
  readonly written: boolean;
  /** Where it keeps what changes. */
  readonly history?: ChangeHistory | null;
  /** Those beside that of the key. */
  readonly indexes?: readonly StoredIndex[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const schema = new Schema<DatasetDefinition>(
  {
    _id: { type: String, required: true },
    id: { type: String, required: true, immutable: true },
    collectionName: { type: String, required: true },
    key: { type: [String], default: null },
    schemaText: { type: String, default: null },
    written: { type: Boolean, required: true },
    history: { type: Schema.Types.Mixed },
    indexes: { type: Schema.Types.Mixed },
    createdAt: { type: Date, required: true },
    updatedAt: { type: Date, required: true },
  },
  { collection: 'datasets', versionKey: false },
);

schema.index({ 'history.id': 1 }, { sparse: true });
keepsUntold(schema);

export const datasetModel = (connection: Connection): Model<DatasetDefinition> =>
  connection.model<DatasetDefinition>('Dataset', schema);
