import { z } from 'zod';
import { defineRequest } from './define.ts';
import { bytes, datasetName, empty, fieldPath, instant, listOf, pageRequest } from './shapes.ts';

export const putDatasetSchema = z
  .strictObject({
    /** JSON Schema 2020-12, or null for none. */
    schema: z.record(z.string(), z.unknown()).nullable().optional(),
    /** Fields that identify a record, together unique; null for none. */
    key: z.array(fieldPath).min(1).max(8).nullable().optional(),
  })
  .meta({ id: 'PutDataset' });

export const datasetSchema = z
  .object({
    name: datasetName,
    schema: z.record(z.string(), z.unknown()).nullable(),
    key: z.array(z.string()).nullable(),
    /** Records stored now (an estimate from the collection's metadata; exact when nothing is being written). */
    count: z.number().int(),
    createdAt: instant,
    updatedAt: instant,
  })
  .meta({ id: 'Dataset' });
export type Dataset = z.output<typeof datasetSchema>;

export const datasetListSchema = listOf(datasetSchema).meta({ id: 'DatasetList' });

export const putDataset = defineRequest({
  subject: 'records.v1.datasets.put',
  request: putDatasetSchema.extend({ name: datasetName }),
  reply: z.object({ dataset: datasetSchema, created: z.boolean() }),
  idempotent: true,
  timeoutMs: 30_000,
});

export const getDataset = defineRequest({
  subject: 'records.v1.datasets.get',
  request: z.object({ name: datasetName }),
  reply: datasetSchema,
  idempotent: true,
});

/** Only datasets that the caller may read. */
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

/** `id` is the text of an ObjectId or a string; other types as canonical Extended JSON. The reply is one BSON document. */
export const getRecord = defineRequest({
  subject: 'records.v1.records.get',
  request: z.object({ dataset: datasetName, id: z.string().min(1).max(2048) }),
  reply: z.object({ json: z.string() }),
  idempotent: true,
});

export const deleteRecord = defineRequest({
  subject: 'records.v1.records.delete',
  request: z.object({ dataset: datasetName, id: z.string().min(1).max(2048) }),
  reply: empty,
});

export const writeMode = z.enum(['insert', 'upsert']).meta({ id: 'WriteMode' });
export type WriteMode = z.output<typeof writeMode>;

/** A row that the writer refused; `index` counts the documents of the write from 0. */
export const writeRejection = z.object({
  index: z.number().int(),
  code: z.string(),
  message: z.string(),
  path: z.string().optional(),
});
export type WriteRejection = z.output<typeof writeRejection>;

/**
 * Writes one chunk exactly once: rows and a ledger entry in one transaction. A repeated `(source, sequence)` is answered
 * from the ledger. Rows act as if written one by one in order.
 */
export const writeRecords = defineRequest({
  subject: 'records.v1.write',
  encoding: 'bson',
  idempotent: true,
  timeoutMs: 30_000,
  request: z.object({
    dataset: datasetName,
    /** Who writes: an import's id, or `ingest.<…>`. */
    source: z.string().min(1).max(200),
    /** Number of the chunk within its source. */
    sequence: z.number().int().min(0),
    mode: writeMode,
    /** Fields to match on; empty matches on `_id`. */
    key: z.array(z.string()),
    /** Concatenated BSON documents, each with `_id` as its first element. */
    documents: bytes,
    count: z.number().int().min(0),
    /**
     * False says that every `_id` was made from this source and its row number, so that no stored record can have it
     * and nothing needs to be read before an insert without key.
     */
    hasOwnIds: z.boolean(),
  }),
  reply: z.object({
    inserted: z.number().int(),
    updated: z.number().int(),
    unchanged: z.number().int(),
    deleted: z.number().int(),
    rejected: z.array(writeRejection),
  }),
});

/**
 * One page of a dataset in `_id` order (keyset, so that it survives any restart): about `maxBytes` of concatenated raw
 * BSON documents. `next` is absent on the last page.
 */
export const scanRecords = defineRequest({
  subject: 'records.v1.scan',
  encoding: 'bson',
  idempotent: true,
  timeoutMs: 30_000,
  request: z.object({
    dataset: datasetName,
    /** Opaque, from the page before. */
    cursor: bytes.optional(),
    /** Top-level fields or dotted paths to keep; `_id` only where named. */
    fields: z.array(fieldPath).optional(),
    /** At most so many documents. */
    limit: z.number().int().min(1).optional(),
    maxBytes: z
      .number()
      .int()
      .min(1)
      .max(4 * 1024 * 1024)
      .default(1024 * 1024),
  }),
  reply: z.object({ documents: bytes, count: z.number().int(), next: bytes.optional() }),
});
