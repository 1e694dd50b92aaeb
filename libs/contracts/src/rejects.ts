import { z } from 'zod';
import { defineRequest } from './define.ts';
import { rejectedRowSchema } from './import.ts';
import { jobReference, listOf, pageRequest } from './shapes.ts';

/** Rejected rows in file order; fewer than `limit` where they are long. */
export const listRejects = defineRequest({
  subject: 'import.v1.rejects.list',
  request: pageRequest.extend({ importId: jobReference }),
  reply: listOf(rejectedRowSchema),
  idempotent: true,
});

/**
 * The same as text. Of a CSV or TSV file the rows as they were sent, in its dialect, with one more column that says what is
 * wrong; of NDJSON and JSON a CSV table of rejected rows. The header stands on the first page.
 */
export const listCorrectableRows = defineRequest({
  subject: 'import.v1.rejects.correctable',
  request: z.object({ importId: jobReference, cursor: z.string().max(1024).optional() }),
  reply: z.object({ text: z.string(), mediaType: z.string(), next: z.string().nullable() }),
  idempotent: true,
});

export const rejectGroupSchema = z
  .object({
    code: z.string(),
    /** Missing where no field is to blame. */
    path: z.string().optional(),
    count: z.number().int(),
    /** Number of the first of these rows. */
    firstRow: z.number().int(),
  })
  .meta({ id: 'RejectGroup' });
export type RejectGroup = z.output<typeof rejectGroupSchema>;

export const rejectSummarySchema = z
  .object({
    /** All rejected rows: the sum of the counts below. */
    rejected: z.number().int(),
    /** Those that are kept with their text. */
    kept: z.number().int(),
    /** By code and path, the largest first. */
    groups: z.array(rejectGroupSchema),
    /** Rows of all further codes and paths together; null where there are none. */
    other: z.object({ count: z.number().int(), firstRow: z.number().int() }).nullable(),
  })
  .meta({ id: 'RejectSummary' });
export type RejectSummary = z.output<typeof rejectSummarySchema>;

export const summarizeRejects = defineRequest({
  subject: 'import.v1.rejects.summary',
  request: z.object({ importId: jobReference }),
  reply: rejectSummarySchema,
  idempotent: true,
});
