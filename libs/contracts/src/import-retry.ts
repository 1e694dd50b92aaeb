import { z } from 'zod';
import { defineRequest } from './define.ts';
import { importSchema } from './import.ts';
import { jobReference } from './shapes.ts';

/**
 * Makes an import of the rows that an import which has ended rejected and whose text is kept whole; asked again it answers
 * that import, never a second one. Throws IMPORT_NOT_FOUND, INSUFFICIENT_SCOPE, IMPORT_STATE where it has not ended or was
 * a dry run, NOTHING_TO_RETRY, ALREADY_RETRIED where another did whose import the caller may not see, DATASET_NOT_FOUND,
 * VALIDATION_FAILED where its options contradict the schema of today, and QUOTA_EXCEEDED.
 */
export const retryImport = defineRequest({
  subject: 'import.v1.retry',
  request: z.object({ importId: jobReference }),
  reply: importSchema,
  idempotent: true,
  // The rows are counted first, up to 100,000 of them with their text.
  timeoutMs: 30_000,
});
