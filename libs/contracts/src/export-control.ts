import { z } from 'zod';
import { defineRequest } from './define.ts';
import { exportSchema } from './export.ts';
import { jobReference } from './shapes.ts';

const request = z.object({ exportId: jobReference });

/** Ends one that has no file yet, and keeps it as `cancelled`. Once more does no harm; EXPORT_STATE where it has ended. */
export const cancelExport = defineRequest({
  subject: 'export.v1.cancel',
  request,
  reply: exportSchema,
  idempotent: true,
});

/** `sequence` grows with every stored change of the export. Seen by whoever may read the export. */
export const getExportProgress = defineRequest({
  subject: 'export.v1.progress',
  request,
  reply: z.object({ sequence: z.number().int(), export: exportSchema }),
  idempotent: true,
});

/** What an event of `GET /v1/exports/{id}/events` tells. */
export const exportProgressSchema = z
  .object({
    export: exportSchema,
    /** Over the last ten seconds of watching; null where it was not watched long enough. */
    rate: z.object({ rowsPerSecond: z.number(), bytesPerSecond: z.number() }).nullable(),
  })
  .meta({ id: 'ExportProgress' });
export type ExportProgress = z.output<typeof exportProgressSchema>;
