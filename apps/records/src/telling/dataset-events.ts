import { datasetChanged, datasetCreated, datasetDeleted, recordsChanged, type DatasetAspect } from '@keyport/contracts';
import { untoldEvent, type Told, type UntoldEvent } from '@keyport/outbox';
import { isSameKey } from '../datasets/dataset-key.ts';
import type { DatasetDefinition } from '../datasets/dataset.model.ts';
import { mappingOf } from '../sources/place.ts';

type Named = Pick<DatasetDefinition, '_id' | 'id'>;
type Content = Pick<DatasetDefinition, 'key' | 'schemaText'>;

/** How many records were changed. */
export interface ChangedRecords {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

const nameOf = ({ _id: dataset, id: datasetId }: Named) => ({ dataset, datasetId });

export function creation(created: Named & Pick<DatasetDefinition, 'collectionName' | 'key'>): UntoldEvent {
  const { key, collectionName } = created;
  return untoldEvent(datasetCreated, { ...nameOf(created), key, mapped: mappingOf(collectionName) !== null });
}

export const change = (dataset: Named, ...changed: DatasetAspect[]): UntoldEvent =>
  untoldEvent(datasetChanged, { ...nameOf(dataset), changed });

/** Undefined where the content stays what it is. */
export function contentChange(before: Named & Content, after: Content): UntoldEvent | undefined {
  const changed: DatasetAspect[] = [
    ...(isSameKey(before.key, after.key) ? [] : ['key' as const]),
    ...(before.schemaText === after.schemaText ? [] : ['schema' as const]),
  ];
  return changed.length > 0 ? change(before, ...changed) : undefined;
}

export const deletion = (deleted: Named): UntoldEvent => untoldEvent(datasetDeleted, nameOf(deleted));

export const recordsChange = (dataset: Named, changed: ChangedRecords): UntoldEvent =>
  untoldEvent(recordsChanged, { ...nameOf(dataset), ...changed });

/** A dataset goes on to change, and may be gone: each event holds what it tells. */
export const presentEvent = (_: unknown, { data }: UntoldEvent): Told => ({
  subject: String(data?.['dataset']),
  data,
});
