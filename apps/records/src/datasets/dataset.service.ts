import type { Caller } from '@keyport/access';
import {
  changeDataset,
  datasetName,
  getDataset,
  KeyportError,
  listDatasets,
  putDataset,
  type Dataset,
  type DatasetIndex,
  type DatasetMapping,
  type ReplyOf,
  type RequestOf,
} from '@keyport/contracts';
import { listPage, readCursor } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import { ChangeTracking } from '../changes/change-tracking.service.ts';
import { isAway } from '../sources/places.service.ts';
import { MappedCollections } from '../sources/mapped-collection.service.ts';
import { mappedName, mappingOf } from '../sources/place.ts';
import { checkIndexes, isSameIndexes, presentIndex } from './dataset-index.ts';
import { checkKey, isSameKey } from './dataset-key.ts';
import type { DatasetDefinition } from './dataset.model.ts';
import { DatasetRepository, type DatasetContent } from './dataset.repository.ts';
import { IndexBuilder } from './index-builder.service.ts';
import { checkSchema } from './json-schema.ts';

/** How often a put starts again because another caller changed the dataset meanwhile. */
const maxPutAttempts = 10;
/** Schemas and keys of one page of the list: far under NATS's `max_payload`, and one dataset always fits. */
const maxListBytes = 1024 * 1024;

@Injectable()
export class DatasetService {
  constructor(
    private readonly datasets: DatasetRepository,
    private readonly mapped: MappedCollections,
    private readonly tracking: ChangeTracking,
    private readonly indexes: IndexBuilder,
  ) {}

  async put(request: RequestOf<typeof putDataset>, caller: Caller): Promise<ReplyOf<typeof putDataset>> {
    const { name, ...wanted } = request;
    // Who may do neither learns nothing of whether it exists.
    if (!caller.may('datasets:update', name)) caller.require('datasets:create', name);
    if (wanted.mapping) caller.requireWhole('datasets:map', name);
    checkWanted(wanted);
    for (let attempt = 1; attempt <= maxPutAttempts; attempt += 1) {
      const found = await this.datasets.find(name);
      if (!found) {
        caller.require('datasets:create', name);
        checkIndexes(wanted.indexes ?? [], wanted.key ?? null);
        if (wanted.mapping && wanted.indexes?.length)
          throw new KeyportError('DATASET_INDEXES_FIXED', { dataset: name });
        const created = await this.create(name, contentOf(wanted), wanted.mapping ?? null);
        if (!created) continue;
        if (wanted.indexes?.length) await this.indexes.bring(created, wanted.indexes);
        if (wanted.trackChanges) await this.tracking.bring(created, true);
        return { dataset: await this.describe(await this.existing(name, created.id)), created: true };
      }
      if (!staysMapped(found, wanted)) throw new KeyportError('DATASET_MAPPING_FIXED', { dataset: name });
      const stored = await this.bring(found, wanted, caller);
      if (stored) return { dataset: await this.describe(stored), created: false };
    }
    throw new KeyportError('WRITE_CONFLICT');
  }

  /** As {@link put}, of one that exists. */
  async change(request: RequestOf<typeof changeDataset>, caller: Caller): Promise<ReplyOf<typeof changeDataset>> {
    const { name, ...wanted } = request;
    caller.requireWhole('datasets:update', name);
    checkWanted(wanted);
    for (let attempt = 1; attempt <= maxPutAttempts; attempt += 1) {
      const stored = await this.bring(await this.existing(name), wanted, caller);
      if (stored) return { dataset: await this.describe(stored), created: false };
    }
    throw new KeyportError('WRITE_CONFLICT');
  }

  async get({ name }: RequestOf<typeof getDataset>, caller: Caller): Promise<Dataset> {
    requireSight(caller, name);
    return this.describe(await this.existing(name));
  }

  async list({ limit, cursor }: RequestOf<typeof listDatasets>, caller: Caller): Promise<ReplyOf<typeof listDatasets>> {
    const found: DatasetDefinition[] = [];
    let size = 0;
    let bytes = 0;
    for await (const definition of this.datasets.after(readCursor(datasetName, cursor))) {
      if (!caller.may('datasets:read', definition._id)) continue;
      bytes += bytesOf(definition);
      const fits = size < limit && (size === 0 || bytes <= maxListBytes);
      // One more than fits tells whether a next page exists.
      found.push(definition);
      if (!fits) break;
      size += 1;
    }
    const { items, next } = listPage(found, size, ({ _id }) => _id);
    return { items: await Promise.all(items.map((definition) => this.describe(definition))), next };
  }

  async delete(name: string, caller: Caller): Promise<Record<string, never>> {
    caller.requireWhole('datasets:delete', name);
    const deleted = await this.datasets.delete(name);
    if (!deleted) throw new KeyportError('DATASET_NOT_FOUND', { dataset: name });
    const mapping = mappingOf(deleted.collectionName);
    if (mapping) await this.mapped.untilWritten(mapping.source);
    return {};
  }

  /** Throws DATASET_NOT_FOUND, also where it is not the one with this id. Rights are the caller's business. */
  async existing(name: string, id?: string): Promise<DatasetDefinition> {
    const found = await this.datasets.find(name);
    if (!found || (id !== undefined && found.id !== id)) throw new KeyportError('DATASET_NOT_FOUND', { dataset: name });
    return found;
  }

  private async create(name: string, content: DatasetContent, mapping: DatasetMapping | null) {
    if (!mapping) return this.datasets.create(name, content);
    await this.mapped.check(mapping, content.key);
    return this.datasets.createMapped(name, content, mapping);
  }

  /** Makes the stored dataset what it should be; undefined where it changed meanwhile. */
  private async bring(
    found: DatasetDefinition,
    wanted: Wanted,
    caller: Caller,
  ): Promise<DatasetDefinition | undefined> {
    const content = contentOf(wanted, found);
    const isTracked = Boolean(found.history);
    const tracks = wanted.trackChanges ?? isTracked;
    const indexes = otherIndexes(wanted, found);
    const isSame = isSameKey(found.key, content.key) && found.schemaText === content.schemaText;
    // Also a creation that is asked again because its reply was lost, by who may only create.
    if (isSame && tracks === isTracked && !indexes) return found;
    caller.requireWhole('datasets:update', found._id);
    checkIndexes(indexes ?? found.indexes ?? [], content.key);
    const changed = isSame ? found : await this.changeContent(found, content);
    if (!changed || (indexes && !(await this.indexes.bring(changed, indexes)))) return undefined;
    if (tracks !== isTracked) await this.tracking.bring(changed, tracks);
    return this.datasets.find(found._id);
  }

  private async changeContent(
    found: DatasetDefinition,
    content: DatasetContent,
  ): Promise<DatasetDefinition | undefined> {
    if (isSameKey(found.key, content.key)) return this.datasets.changeSchema(found, content.schemaText);
    if (mappingOf(found.collectionName)) throw new KeyportError('DATASET_MAPPING_FIXED', { dataset: found._id });
    const fixed = new KeyportError('DATASET_KEY_FIXED', { dataset: found._id });
    if (await this.datasets.holdsRecords(found)) throw fixed;
    await this.datasets.makeUnwritten(found);
    if (await this.datasets.holdsRecords(found)) throw fixed;
    return (await this.datasets.changeKey(found, content)) ? this.datasets.find(found._id) : undefined;
  }

  private async describe(definition: DatasetDefinition): Promise<Dataset> {
    const { _id: name, id, key, schemaText, createdAt, updatedAt } = definition;
    return {
      id,
      name,
      schema: schemaText === null ? null : (JSON.parse(schemaText) as Record<string, unknown>),
      key: key && [...key],
      mapping: mappingOf(definition.collectionName),
      trackChanges: Boolean(definition.history),
      indexes: (definition.indexes ?? []).map((index) => presentIndex(name, index)),
      count: await this.countOf(definition),
      createdAt: createdAt.toISOString(),
      updatedAt: updatedAt.toISOString(),
    };
  }

  /** Null where the source does not answer: the rest of the description is known all the same. */
  private async countOf(definition: DatasetDefinition): Promise<number | null> {
    try {
      return await this.datasets.count(definition);
    } catch (error) {
      if (!isAway(error)) throw error;
      return null;
    }
  }
}

/** The parts of its description that may be large. */
const bytesOf = ({ schemaText, key }: DatasetDefinition): number =>
  Buffer.byteLength(schemaText ?? '') + Buffer.byteLength(JSON.stringify(key));

type Wanted = Omit<RequestOf<typeof putDataset>, 'name'>;

/** The indexes that there should be, where those that are there are others, or one failed. */
function otherIndexes({ indexes }: Wanted, found: DatasetDefinition): readonly DatasetIndex[] | undefined {
  if (indexes === undefined) return undefined;
  const stored = found.indexes ?? [];
  const isSame = isSameIndexes(indexes ?? [], stored) && stored.every(({ state }) => state !== 'failed');
  return isSame ? undefined : (indexes ?? []);
}

/** Throws SCHEMA_INVALID and VALIDATION_FAILED. */
function checkWanted({ schema, key }: Wanted): void {
  if (schema) checkSchema(schema);
  if (key) checkKey(key);
}

/** What a put does not name stays as it is; a new dataset has neither. */
function contentOf(wanted: Wanted, found?: DatasetDefinition): DatasetContent {
  return {
    key: wanted.key === undefined ? (found?.key ?? null) : wanted.key,
    schemaText:
      wanted.schema === undefined ? (found?.schemaText ?? null) : wanted.schema && JSON.stringify(wanted.schema),
  };
}

/** What a put does not name stays as it is. */
const staysMapped = ({ collectionName }: DatasetDefinition, { mapping }: Wanted): boolean =>
  mapping === undefined || (mapping ? mappedName(mapping) === collectionName : mappingOf(collectionName) === null);

/**
 * Who imports into a dataset, or exports from it, needs its schema and key for that, and so do the jobs that act for
 * them. The gateway's own route asks for `datasets:read`.
 */
function requireSight(caller: Caller, name: string): void {
  const sufficient = ['records:create', 'records:read', 'imports:create', 'exports:create'] as const;
  if (!sufficient.some((action) => caller.may(action, name))) caller.require('datasets:read', name);
}
