import { z } from 'zod';
import { exportCompression, exportFormat } from '../export.ts';
import { datasetId, datasetName, instant, jobId } from '../shapes.ts';
import { defineEvent } from './define-event.ts';

const ended = z.object({
  exportId: jobId,
  dataset: datasetName,
  datasetId,
  format: exportFormat,
  compression: exportCompression,
  finishedAt: instant,
});

export const exportCompleted = defineEvent(
  'keyport.export.completed',
  'The file is whole and can be read until it expires.',
  ended
    .extend({
      written: z.number().int(),
      bytes: z.number().int(),
      /** `sha-256=:<base64>:` (RFC 9530) of the file. */
      digest: z.string(),
      expiresAt: instant,
    })
    .meta({ id: 'ExportCompletedEvent' }),
);

export const exportFailed = defineEvent(
  'keyport.export.failed',
  'There will be no file.',
  ended.extend({ error: z.object({ code: z.string() }) }).meta({ id: 'ExportFailedEvent' }),
);

export const exportCancelled = defineEvent(
  'keyport.export.cancelled',
  'Somebody cancelled or deleted it before its file was whole.',
  ended.meta({ id: 'ExportCancelledEvent' }),
);

export const exportExpired = defineEvent(
  'keyport.export.expired',
  'Its file was kept for as long as promised, and is gone.',
  ended.meta({ id: 'ExportExpiredEvent' }),
);
