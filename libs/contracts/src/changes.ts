import { z } from 'zod';
import { defineRequest } from './define.ts';
import { bytes, datasetId, datasetName, fieldPath, pageBytes } from './shapes.ts';

/** How a client names the moment since which it asks for changes: opaque, from `Keyport-Since`. */
export const sinceCursor = z.string().min(1).max(1024);

/**
 * The first field of what stands for a deleted record, `{$deleted: true, _id}`. No record begins with it: the first field
 * of every stored one is `_id`.
 */
export const deletedField = '$deleted';

/**
 * One page of what changed in a dataset since a cursor, in the order of the changes: records as they are now and
 * `{$deleted: true, _id}`, as concatenated raw BSON. Each `_id` comes once an increment; one that changes meanwhile may be
 * left to the next. `_id` is always given. The first request names `since`, the following ones the `next` of the page
 * before. CURSOR_EXPIRED, CHANGES_NOT_TRACKED, CHANGES_NOT_ALLOWED; CHANGES_BEHIND where what was written before the
 * request has not been taken up in time.
 */
export const readChanges = defineRequest({
  subject: 'records.v1.changes.read',
  encoding: 'bson',
  idempotent: true,
  timeoutMs: 15_000,
  request: z.object({
    dataset: datasetName,
    /** Refuses with DATASET_NOT_FOUND a dataset that was made anew under this name. */
    datasetId: datasetId.optional(),
    from: z.union([z.object({ since: sinceCursor }), z.object({ next: bytes })]),
    fields: z.array(fieldPath).optional(),
    maxBytes: pageBytes,
  }),
  reply: z.object({
    datasetId,
    documents: bytes,
    count: z.number().int(),
    next: bytes.optional(),
    /** Here is one document that no message carries, instead of others: `readLargeRecord` gives it. */
    large: bytes.optional(),
    /** Cursor of the next increment; covers all that was acknowledged before the first request. */
    since: sinceCursor,
  }),
});
