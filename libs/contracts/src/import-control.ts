import { z } from 'zod';
import { defineRequest } from './define.ts';
import { importSchema } from './import.ts';
import { jobReference } from './shapes.ts';

const request = z.object({ importId: jobReference });

/**
 * Rows are read no more; what was on its way is written and counted before the answer, as a rule. The upload may go on.
 * Once more does no harm; IMPORT_STATE where the import has ended.
 */
export const pauseImport = defineRequest({
  subject: 'import.v1.pause',
  request,
  reply: importSchema,
  idempotent: true,
});

/** Goes on where it was paused. Of one that runs nothing is changed; IMPORT_STATE where it has ended. */
export const resumeImport = defineRequest({
  subject: 'import.v1.resume',
  request,
  reply: importSchema,
  idempotent: true,
});

/** `sequence` grows with every stored change of the import. Seen by whoever may read the import. */
export const getImportProgress = defineRequest({
  subject: 'import.v1.progress',
  request,
  reply: z.object({ sequence: z.number().int(), import: importSchema }),
  idempotent: true,
});

/** What an event of `GET /v1/imports/{id}/events` tells. */
export const importProgressSchema = z
  .object({
    import: importSchema,
    /** Over the last ten seconds of watching; null where it was not watched long enough. */
    rate: z.object({ rowsPerSecond: z.number(), bytesPerSecond: z.number() }).nullable(),
    /** Null while it cannot be known. */
    remainingSeconds: z.number().int().nullable(),
  })
  .meta({ id: 'ImportProgress' });
export type ImportProgress = z.output<typeof importProgressSchema>;
