import { z } from 'zod';
import { defineRequest } from './define.ts';
import { writeOutcome } from './records.ts';
import { bytes, datasetId, datasetName } from './shapes.ts';

/** What names an event takes so many bytes: of the SHA-256 of its `source` and `id`. */
export const eventIdBytes = 16;

/**
 * Writes events of `ingest.v1.<dataset>` as records, each exactly once: rows and the events' names in one transaction, so
 * that an event which comes again, in whatever batch, changes nothing. Events of one key act in their order: those before
 * its last deletion need not be written at all. Between different keys there is no order.
 */
export const writeEvents = defineRequest({
  subject: 'records.v1.events.write',
  encoding: 'bson',
  idempotent: true,
  timeoutMs: 30_000,
  request: z.object({
    dataset: datasetName,
    /** Refuses with DATASET_NOT_FOUND a dataset that was made anew under this name. */
    datasetId,
    /** Fields to match on, the dataset's key; empty matches on `_id`. */
    key: z.array(z.string()),
    /** {@link eventIdBytes} an event. */
    events: bytes,
    /** Concatenated BSON documents, one an event, each with `_id` as its first element; of a deletion what it matches on. */
    documents: bytes,
    count: z.number().int().min(1).max(10_000),
    /** Which events delete: their places, in order. */
    deletes: z.array(z.number().int().min(0)),
    /** False says that no upserted row brought an `_id`: each was made, of its event alone. */
    hasOwnIds: z.boolean(),
    /** Events that were rejected before are tried again; else they stay rejected, for the order of their key's sake. */
    again: z.boolean().optional(),
  }),
  reply: writeOutcome.extend({
    /** Written before. */
    repeated: z.number().int(),
    /** Followed by a deletion of the same key. */
    superseded: z.number().int(),
  }),
});
