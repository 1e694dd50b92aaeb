import { z } from 'zod';
import { defineRequest } from './define.ts';
import { importSchema } from './import.ts';
import { datasetId, datasetName, jobId, jobReference, listOf, pageRequest } from './shapes.ts';

/** Why an inserted record was not removed. */
export const leftReason = z.enum(['CHANGED', 'ROW_NOT_ALLOWED']).meta({ id: 'LeftReason' });

/** A record that an import inserted and its undo did not remove. */
export const leftRecordSchema = z
  .object({
    /** As the address of a record names it: the text of an ObjectId or a string, else canonical Extended JSON. */
    id: z.string(),
    reason: leftReason,
  })
  .meta({ id: 'LeftRecord' });
export type LeftRecord = z.output<typeof leftRecordSchema>;

/**
 * Takes back what one chunk inserted, exactly once: of its records those that still hold, byte for byte, what it stored.
 * Asked again it answers the same, to the job of that name also where its grant was revoked; a chunk that is not taken
 * back then is closed for every `fence` before. Throws DATASET_NOT_FOUND, UNDO_EXPIRED where nobody remembers the chunk,
 * and RIGHTS_LOST.
 */
export const undoChunk = defineRequest({
  subject: 'records.v1.undo',
  idempotent: true,
  timeoutMs: 30_000,
  admitsRevokedGrants: true,
  request: z.object({
    dataset: datasetName,
    datasetId,
    source: jobId,
    /** Number of the chunk within its source. */
    sequence: z.number().int().min(0),
    /** Grows with every process that goes on with the undo. */
    fence: z.number().int().min(0),
  }),
  reply: z.object({
    removed: z.number().int(),
    /** Records that are there no more. */
    gone: z.number().int(),
    /** Records that are left, and those that are named: all, unless their ids are very long. */
    left: z.number().int(),
    named: z.array(leftRecordSchema),
  }),
});

/** Starts to take back what an import inserted; asked again it answers how far that is. After a failure it goes on. */
export const undoImport = defineRequest({
  subject: 'import.v1.undo',
  request: z.object({ importId: jobReference }),
  reply: importSchema,
  idempotent: true,
});

/** Records that the undo left, in the order of the file. */
export const listLeft = defineRequest({
  subject: 'import.v1.undo.left',
  request: pageRequest.extend({ importId: jobReference }),
  reply: listOf(leftRecordSchema),
  idempotent: true,
});
