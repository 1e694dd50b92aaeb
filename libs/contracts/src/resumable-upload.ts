import { z } from 'zod';
import { defineRequest } from './define.ts';
import { importState, uploadLength } from './import.ts';
import { instant, jobId, jobReference } from './shapes.ts';

/** How far a resumable upload has come; its id is the import's. */
const uploadView = z.object({
  /** Bytes that are stored without a gap, and will not be asked for again. */
  offset: z.number().int(),
  /** Null while the sender has not said it. */
  length: z.number().int().nullable(),
  metadata: z.string(),
  state: importState,
  /** When it expires if nothing more comes; null once it is whole. */
  expiresAt: instant.nullable(),
});
export type UploadView = z.output<typeof uploadView>;

/** Throws IMPORT_NOT_FOUND to anybody but who made it, and UPLOAD_GONE once nothing can be added any more. */
export const getUpload = defineRequest({
  subject: 'import.v1.uploads.get',
  request: z.object({ importId: jobReference }),
  reply: uploadView,
  idempotent: true,
});

/**
 * Lets one request, and no other any more, publish what follows `offset`. UPLOAD_OFFSET where the upload has not come
 * to just there. `length` tells the length of the whole where that was deferred; `bytes` is what is going to be sent.
 */
export const resumeUpload = defineRequest({
  subject: 'import.v1.uploads.resume',
  request: z.object({
    importId: jobReference,
    offset: uploadLength,
    length: uploadLength.optional(),
    bytes: uploadLength.optional(),
  }),
  reply: z.object({
    importId: jobId,
    epoch: z.number().int(),
    reservedBytes: z.number().int(),
    length: z.number().int().nullable(),
  }),
  idempotent: true,
});

/**
 * The first `length` bytes are published, and JetStream acknowledged them; the last byte seals the upload. Throws
 * UPLOAD_SUPERSEDED where another request began meanwhile, to which none of these bytes may belong.
 */
export const acknowledgeUpload = defineRequest({
  subject: 'import.v1.uploads.acknowledge',
  request: z.object({ importId: jobId, epoch: z.number().int(), length: uploadLength }),
  reply: uploadView,
  idempotent: true,
});

/** What was sent is not what its `Content-Digest` names: the import fails, and its idempotency key is free again. */
export const refuseUpload = defineRequest({
  subject: 'import.v1.uploads.refuse',
  request: z.object({ importId: jobId, epoch: z.number().int(), algorithm: z.string() }),
  reply: z.object({}),
  idempotent: true,
});
