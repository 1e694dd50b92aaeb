import { z } from 'zod';
import { sinceCursor } from './changes.ts';
import { defineRequest, defineStream } from './define.ts';
import { afterText, filterText, sortKeys } from './select.ts';
import { bytes, datasetId, datasetName, empty, fieldPath, pageBytes } from './shapes.ts';

/**
 * `id` is the text of an ObjectId or a string; other types as canonical Extended JSON. The reply is the record as relaxed
 * Extended JSON in UTF-8, as bytes: as text it would be escaped once more. Where no message carries it, the reply names it
 * for {@link readLargeRecord}.
 */
export const getRecord = defineRequest({
  subject: 'records.v1.records.get',
  encoding: 'bson',
  request: z.object({ dataset: datasetName, id: z.string().min(1).max(2048) }),
  reply: z.union([z.object({ json: bytes }), z.object({ datasetId, large: bytes })]),
  idempotent: true,
});

export const deleteRecord = defineRequest({
  subject: 'records.v1.records.delete',
  request: z.object({ dataset: datasetName, id: z.string().min(1).max(2048) }),
  reply: empty,
  timeoutMs: 30_000,
});

export const recordPutSchema = z
  .object({
    /** False where there was a record with this id. */
    created: z.boolean(),
  })
  .meta({ id: 'RecordPut' });

/**
 * Creates or replaces one record. `json` is one object as Extended JSON in UTF-8, checked and typed by the dataset's
 * schema as an imported row; its `_id`, where it has one, must be the one that `id` means. Asking twice leaves the same
 * record, and `created` may then be false.
 */
export const putRecord = defineRequest({
  subject: 'records.v1.records.put',
  encoding: 'bson',
  request: z.object({ dataset: datasetName, id: z.string().min(1).max(2048), json: bytes }),
  reply: recordPutSchema,
  timeoutMs: 30_000,
});

/**
 * What a row does, which matches a record or none (docs/services/records.md, "Modes"). `insert`: is a new record.
 * `upsert`: takes the record's place, else is a new record. `replace`: takes the record's place, else is skipped.
 * `merge`: its fields take the place of the record's, else it is a new record. `delete`: takes the record away, else is
 * skipped.
 */
export const writeMode = z.enum(['insert', 'upsert', 'replace', 'merge', 'delete']).meta({ id: 'WriteMode' });
export type WriteMode = z.output<typeof writeMode>;

/** The right that rows need, besides that to create or import, to do something to a record that exists. */
export const changingAction: Readonly<Record<WriteMode, 'records:update' | 'records:delete' | undefined>> = {
  insert: undefined,
  upsert: 'records:update',
  replace: 'records:update',
  merge: 'records:update',
  delete: 'records:delete',
};

/** A row that the writer refused; `index` counts the documents of the write from 0. */
export const writeRejection = z.object({
  index: z.number().int(),
  code: z.string(),
  message: z.string(),
  path: z.string().optional(),
});
export type WriteRejection = z.output<typeof writeRejection>;

/** How many rows may be rejected, those that the asker refused and the writer never sees counted in file order. */
export const rejectionLimit = z.object({
  max: z.number().int().min(0),
  /** By refused row: the index of the document that it stands before. */
  refusedBefore: z.array(z.number().int().min(0)),
});
export type RejectionLimit = z.output<typeof rejectionLimit>;

/** What became of rows that were written together. */
export const writeOutcome = z.object({
  inserted: z.number().int(),
  updated: z.number().int(),
  unchanged: z.number().int(),
  deleted: z.number().int(),
  /** Rows that match no record where only records are changed or deleted. */
  skipped: z.number().int(),
  rejected: z.array(writeRejection),
});

/**
 * Writes one chunk exactly once: rows and a ledger entry in one transaction. A repeated `(source, sequence)` is answered
 * from the ledger, to the job of that name also where its grant was revoked: what it wrote can then be counted. Rows act
 * as if written one by one in order.
 */
export const writeRecords = defineRequest({
  subject: 'records.v1.write',
  encoding: 'bson',
  idempotent: true,
  timeoutMs: 30_000,
  admitsRevokedGrants: true,
  request: z.object({
    dataset: datasetName,
    /** Refuses with DATASET_NOT_FOUND a dataset that was made anew under this name. */
    datasetId: datasetId.optional(),
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
    /** Rows behind the rejected one that is one too many are neither looked at nor written. */
    rejectionLimit: rejectionLimit.optional(),
    /**
     * Answers what writing would, and writes nothing to the dataset. Later chunks of the same source see what this one
     * would have written, until {@link forgetDryRun}.
     */
    dryRun: z.boolean().optional(),
  }),
  reply: writeOutcome.extend({
    /** Set where there were more rejected rows than the limit allows: index of the first document left out. */
    stoppedAt: z.number().int().optional(),
  }),
});

/** A dry run is over: what it would have written need not be remembered any more. Only for the job that it is the source of. */
export const forgetDryRun = defineRequest({
  subject: 'records.v1.dry-runs.forget',
  request: z.object({ dataset: datasetName, source: z.string().min(1).max(200) }),
  reply: empty,
  idempotent: true,
});

/**
 * One page of a dataset in `_id` order (keyset, so that it survives any restart), or in the order of `sort`: about
 * `maxBytes` of concatenated raw BSON documents. `next` is absent on the last page; a page may be empty before that.
 * SNAPSHOT_GONE and SNAPSHOT_UNAVAILABLE where a state is asked for.
 */
export const scanRecords = defineRequest({
  subject: 'records.v1.scan',
  encoding: 'bson',
  idempotent: true,
  timeoutMs: 30_000,
  request: z.object({
    dataset: datasetName,
    /**
     * That of the page before, or of `getDataset`. Refuses with DATASET_NOT_FOUND a dataset that was made anew under this
     * name; that of a page also, with COLLECTION_REPLACED, a mapped one whose collection was.
     */
    datasetId: datasetId.optional(),
    /** Opaque, from the page before. */
    cursor: bytes.optional(),
    /** Top-level fields or dotted paths to keep; `_id` only where named. */
    fields: z.array(fieldPath).optional(),
    /** At most so many documents. */
    limit: z.number().int().min(1).optional(),
    /** Typed by the dataset's schema unless `isTyped`. */
    filter: filterText.optional(),
    /** The filter is one that a reply gave: every value has its type. */
    isTyped: z.boolean().optional(),
    /** The same on every page. */
    sort: sortKeys.optional(),
    /** Of a first page: `_id` of the record that it begins behind, as Extended JSON. */
    afterId: afterText.optional(),
    /** `new`: the state of the dataset as it is now. Bytes: the state that an earlier reply named. */
    snapshot: z.union([z.literal('new'), bytes]).optional(),
    maxBytes: pageBytes,
  }),
  reply: z.object({
    datasetId,
    documents: bytes,
    count: z.number().int(),
    next: bytes.optional(),
    /** The filter as it was understood, for the pages after this one: a schema that changes meanwhile changes nothing. */
    filter: z.string().optional(),
    /** The state that was read, where one was asked for. */
    snapshot: bytes.optional(),
    /** Here is one document that no message carries, instead of others: {@link readLargeRecord} gives it. */
    large: bytes.optional(),
    /**
     * On the first page of a whole dataset whose changes are kept, to who may ask for them: all that changes from before
     * this page on.
     */
    since: sinceCursor.optional(),
  }),
});

/**
 * A document that a page named as `large`, in numbered parts, all of one state of it. With the page's dataset and fields: the name tells the collection.
 * SNAPSHOT_GONE where it was changed since, and the server no longer keeps what it was.
 */
export const readLargeRecord = defineStream({
  subject: 'records.v1.large.read',
  encoding: 'bson',
  idempotent: true,
  timeoutMs: 15_000,
  request: z.object({
    dataset: datasetName,
    fields: z.array(fieldPath).optional(),
    large: bytes,
  }),
  /** Parts are numbered from 1; `of` is their number. */
  reply: z.object({ part: z.number().int().min(1), of: z.number().int().min(1), bytes }),
});
