import { z } from 'zod';
import { importCounts } from '../import.ts';
import { writeMode } from '../records.ts';
import { datasetId, datasetName, instant, jobId } from '../shapes.ts';
import { defineEvent } from './define-event.ts';

const ended = z.object({
  importId: jobId,
  dataset: datasetName,
  datasetId,
  mode: writeMode,
  /** What was read, and what became of it, exactly: also of an import that did not come to its end. */
  counts: importCounts,
  startedAt: instant.nullable(),
  finishedAt: instant,
});

export const importCompleted = defineEvent(
  'keyport.import.completed',
  'All rows of the file were read; those that could not be stored are counted as rejected.',
  ended.meta({ id: 'ImportCompletedEvent' }),
);

export const importFailed = defineEvent(
  'keyport.import.failed',
  'It ended before the end of the file; what is counted was stored and stays.',
  ended.extend({ error: z.object({ code: z.string() }) }).meta({ id: 'ImportFailedEvent' }),
);

export const importCancelled = defineEvent(
  'keyport.import.cancelled',
  'Somebody cancelled it; what is counted was stored and stays.',
  ended.meta({ id: 'ImportCancelledEvent' }),
);

export const importExpired = defineEvent(
  'keyport.import.expired',
  'Its upload was never finished, and nobody went on with it in time.',
  ended.meta({ id: 'ImportExpiredEvent' }),
);

export const importUndone = defineEvent(
  'keyport.import.undone',
  'The records that it inserted were taken back, except for those that somebody changed since.',
  z
    .object({
      importId: jobId,
      dataset: datasetName,
      datasetId,
      removed: z.number().int(),
      left: z.number().int(),
      gone: z.number().int(),
      finishedAt: instant,
    })
    .meta({ id: 'ImportUndoneEvent' }),
);
