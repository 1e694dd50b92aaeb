import { z } from 'zod';
import { defineRequest } from './define.ts';
import { datasetId, datasetName, empty, fieldPath, instant, listOf, pageRequest } from './shapes.ts';

/** A collection that is in a MongoDB database of the team's own already. */
export const datasetMapping = z
  .strictObject({
    /** One of those that the configuration of `records` names. */
    source: z
      .string()
      .regex(/^[a-z][a-z0-9_-]{0,31}$/, 'must begin with a letter and hold a-z, 0-9, _ or - (32 at most)'),
    collection: z.string().min(1).max(200),
  })
  .meta({ id: 'DatasetMapping' });
export type DatasetMapping = z.output<typeof datasetMapping>;

/** An index beside that of the key, for filters and sorting. */
export const datasetIndex = z
  .strictObject({
    /** Fields, or paths joined with dots, in this order; those with `-` before them downwards. */
    fields: z.array(fieldPath).min(1).max(16),
    /** No two records have the same values; a record without a field has null there. */
    unique: z.boolean().default(false),
  })
  .meta({ id: 'DatasetIndex' });
export type DatasetIndex = z.output<typeof datasetIndex>;

export const builtIndex = datasetIndex
  .extend({
    /** `building` is used by nothing yet; `failed` where records do not allow it, which `error` says. */
    state: z.enum(['building', 'ready', 'failed']),
    error: z.object({ code: z.string(), detail: z.string() }).optional(),
  })
  .meta({ id: 'BuiltIndex' });
export type BuiltIndex = z.output<typeof builtIndex>;

export const putDatasetSchema = z
  .strictObject({
    /** JSON Schema 2020-12, or null for none. */
    schema: z.record(z.string(), z.unknown()).nullable().optional(),
    /** Fields that identify a record, together unique; null for none. */
    key: z.array(fieldPath).min(1).max(8).nullable().optional(),
    /** Keeps what changes, so that `since` gives it. */
    trackChanges: z.boolean().optional(),
    /** All indexes that there should be beside that of the key; null for none. Not where the dataset is mapped. */
    indexes: z.array(datasetIndex).max(32).nullable().optional(),
    /** The collection that holds the records, for a new dataset; without it Keyport makes one. Never changes. */
    mapping: datasetMapping.nullable().optional(),
  })
  .meta({ id: 'PutDataset' });

/** After RFC 7396: what is not named stays as it is, null takes away. A schema takes the place of the old one as a whole. */
export const changeDatasetSchema = putDatasetSchema.omit({ mapping: true }).meta({ id: 'ChangeDataset' });

export const datasetSchema = z
  .object({
    /** Stays through every change of the dataset; another one of the same name, made after it was deleted, has another. */
    id: datasetId,
    name: datasetName,
    schema: z.record(z.string(), z.unknown()).nullable(),
    key: z.array(z.string()).nullable(),
    /** Null where the collection is one of Keyport's own. */
    mapping: datasetMapping.nullable(),
    /** True where what changes is kept. */
    trackChanges: z.boolean(),
    indexes: z.array(builtIndex),
    /**
     * Records stored now (an estimate from the collection's metadata; exact when nothing is being written, unless mongod was killed); null where
     * the source that it is mapped onto does not answer.
     */
    count: z.number().int().nullable(),
    createdAt: instant,
    updatedAt: instant,
  })
  .meta({ id: 'Dataset' });
export type Dataset = z.output<typeof datasetSchema>;

export const datasetListSchema = listOf(datasetSchema).meta({ id: 'DatasetList' });

/** How many stored records an import of them would refuse. */
export const schemaCheckSchema = z
  .object({
    /** Records looked at. */
    checked: z.number().int(),
    /** Of those, such as do not match. */
    failing: z.number().int(),
    /** False where time was up before all were looked at: at least so many fail. */
    complete: z.boolean(),
    /** Faults by code and field, the first ones met; each record has one. */
    problems: z.array(
      z.object({
        code: z.string(),
        path: z.string().optional(),
        /** Of the first record. */
        message: z.string(),
        records: z.number().int(),
        /** `_id` of the first record, as canonical Extended JSON. */
        id: z.string(),
      }),
    ),
  })
  .meta({ id: 'SchemaCheck' });
export type SchemaCheck = z.output<typeof schemaCheckSchema>;

export const checkSchemaBody = z
  .strictObject({
    /** JSON Schema 2020-12 to be tried; the dataset's own unless given. */
    schema: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'CheckSchema' });

/** Checks stored records against a schema, for 20 seconds at most; changes nothing. */
export const checkSchema = defineRequest({
  subject: 'records.v1.datasets.schema.check',
  request: checkSchemaBody.extend({ name: datasetName }),
  reply: schemaCheckSchema,
  idempotent: true,
  timeoutMs: 30_000,
});

/**
 * Stored records stay as they are whatever the schema becomes. `schemaCheck` says how many it would refuse, where a schema
 * was given, there are records, and the caller may read all of them.
 */
export const putDataset = defineRequest({
  subject: 'records.v1.datasets.put',
  request: putDatasetSchema.extend({ name: datasetName }),
  reply: z.object({ dataset: datasetSchema, created: z.boolean(), schemaCheck: schemaCheckSchema.optional() }),
  idempotent: true,
  timeoutMs: 30_000,
});

/** As {@link putDataset}, of a dataset that exists: DATASET_NOT_FOUND otherwise. */
export const changeDataset = defineRequest({
  subject: 'records.v1.datasets.change',
  request: changeDatasetSchema.extend({ name: datasetName }),
  reply: putDataset.reply,
  idempotent: true,
  timeoutMs: 30_000,
});

export const getDataset = defineRequest({
  subject: 'records.v1.datasets.get',
  request: z.object({ name: datasetName }),
  reply: datasetSchema,
  idempotent: true,
});

/** Only datasets that the caller may read; fewer than `limit` where their schemas are large. */
export const listDatasets = defineRequest({
  subject: 'records.v1.datasets.list',
  request: pageRequest,
  reply: datasetListSchema,
  idempotent: true,
});

export const deleteDataset = defineRequest({
  subject: 'records.v1.datasets.delete',
  request: z.object({ name: datasetName }),
  reply: empty,
  idempotent: true,
  timeoutMs: 30_000,
});
