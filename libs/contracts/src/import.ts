import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { defineRequest } from './define.ts';
import { writeMode } from './records.ts';
import { datasetName, fieldPath, instant, jobId, jobReference, listOf, pageRequest } from './shapes.ts';

export const importFormat = z.enum(['ndjson', 'json', 'csv', 'tsv']).meta({ id: 'ImportFormat' });
/** As `libs/codec` unpacks them. */
export const contentEncoding = z.enum(['identity', 'gzip', 'deflate', 'br', 'zstd']).meta({ id: 'ContentEncoding' });
export type ContentEncoding = z.output<typeof contentEncoding>;

export const importState = z
  .enum(['receiving', 'processing', 'paused', 'completed', 'failed', 'cancelled', 'expired'])
  .meta({ id: 'ImportState' });
export type ImportState = z.output<typeof importState>;

/** Rows read = inserted + updated + unchanged + deleted + rejected + skipped, at every moment. */
export const importCounts = z
  .object({
    read: z.number().int(),
    inserted: z.number().int(),
    updated: z.number().int(),
    unchanged: z.number().int(),
    deleted: z.number().int(),
    rejected: z.number().int(),
    skipped: z.number().int(),
  })
  .meta({ id: 'ImportCounts' });
export type ImportCounts = z.output<typeof importCounts>;

/** The codec's limit. */
const maxColumns = 10_000;

/** Options of an import as query parameters name them. */
export const importOptions = z
  .strictObject({
    mode: writeMode.default('insert'),
    key: z.array(fieldPath).min(1).max(8).optional(),
    onError: z.enum(['continue', 'abort']).default('continue'),
    maxErrors: z.coerce.number().int().min(0).optional(),
    /** Checks everything and counts as it would end now, and writes nothing. */
    dryRun: z.boolean().optional(),
    /** CSV and TSV: types of columns that the schema does not name. */
    types: z.enum(['string', 'lossless', 'header']).optional(),
    /** NDJSON and JSON: how Extended JSON is read. `canonical` takes all that MongoDB holds, whatever its names. */
    ejson: z.enum(['relaxed', 'canonical', 'off']).optional(),
    'csv.delimiter': z.string().length(1).optional(),
    /** Empty where quotes mean nothing. */
    'csv.quote': z.string().max(1).optional(),
    'csv.header': z.boolean().optional(),
    'csv.columns': z.array(z.string().min(1).max(1024)).min(1).max(maxColumns).optional(),
    /** Columns of the file that are no fields, such as `_error`. */
    'csv.ignore': z.array(z.string().min(1).max(1024)).min(1).max(100).optional(),
    'csv.nullText': z.string().min(1).max(1024).optional(),
    'csv.empty': z.enum(['string', 'null', 'absent']).optional(),
    /** Takes the apostrophe away that an export with `csv.formulas=escape` put before a text. */
    'csv.formulas': z.enum(['unescape']).optional(),
  })
  .meta({ id: 'ImportOptions' });
export type ImportOptions = z.output<typeof importOptions>;

/** What became of the records that the import inserted: in the end removed + left + gone is `counts.inserted`. */
export const importUndoSchema = z
  .object({
    state: z.enum(['running', 'completed', 'failed']),
    removed: z.number().int(),
    /** Changed since, or out of reach of who asked. */
    left: z.number().int(),
    /** Removed by others before. */
    gone: z.number().int(),
    requestedAt: instant,
    finishedAt: instant.nullable(),
    error: z.object({ code: z.string(), detail: z.string() }).optional(),
  })
  .meta({ id: 'ImportUndo' });

/** That an import asks again what another one rejected. */
export const importRetrySchema = z
  .object({
    of: jobId,
    /** Rows that are asked again. */
    rows: z.number().int(),
    /** Rejected rows of the other import whose text is not kept whole. */
    leftOut: z.number().int(),
  })
  .meta({ id: 'ImportRetry' });

export const importSchema = z
  .object({
    id: jobId,
    dataset: datasetName,
    mode: writeMode,
    format: importFormat,
    /** True where nothing is written: counts say what would have been. */
    dryRun: z.boolean(),
    state: importState,
    createdAt: instant,
    startedAt: instant.nullable(),
    finishedAt: instant.nullable(),
    counts: importCounts,
    /** Bytes as sent (compressed or not). */
    bytes: z.object({ received: z.number().int(), processed: z.number().int() }),
    error: z.object({ code: z.string(), detail: z.string() }).optional(),
    /** Set where its rows are those that another import rejected. */
    retry: importRetrySchema.optional(),
    /** Set once its undo was asked for. */
    undo: importUndoSchema.optional(),
  })
  .meta({ id: 'Import' });
export type Import = z.output<typeof importSchema>;

export const importListSchema = listOf(importSchema).meta({ id: 'ImportList' });

export const rejectedRowSchema = z
  .object({
    row: z.number().int(),
    line: z.number().int(),
    byteOffset: z.number().int(),
    code: z.string(),
    path: z.string().optional(),
    message: z.string(),
    /** Its text, cut. */
    value: z.string().optional(),
    /** The row's text, cut. */
    raw: z.string(),
    /** False where `raw` is cut, or holds U+FFFD in place of bytes that are no characters; missing where nobody knows. */
    rawComplete: z.boolean().optional(),
  })
  .meta({ id: 'RejectedRow' });
export type RejectedRow = z.output<typeof rejectedRowSchema>;

/** A piece's offset has 15 digits at most. */
export const maxUploadBytes = 10 ** 15 - 1;
export const uploadLength = z.number().int().min(0).max(maxUploadBytes);
const maxMetadataBytes = 8192;

export const createImport = defineRequest({
  subject: 'import.v1.create',
  request: z.object({
    dataset: datasetName,
    format: importFormat,
    contentEncoding,
    options: importOptions,
    /** What the client said it will send, where it did. */
    contentLength: z.number().int().min(0).optional(),
    /** Several requests bring the file (tus): its length, where it is known, and the metadata as they were sent. */
    resumable: z.object({ length: uploadLength.nullable(), metadata: z.string().max(maxMetadataBytes) }).optional(),
    /** Names the upload among all of this caller's. IDEMPOTENCY_KEY_REUSED where it stands for other options. */
    idempotencyKey: z.string().min(1).max(255).optional(),
    /** No row is read before the upload is sealed, since only then its digest is known to be right. */
    verifiedFirst: z.boolean().optional(),
  }),
  /**
   * `epoch` numbers the request that may publish pieces now; pieces of an older epoch are ignored. So many bytes of the
   * upload may be published before {@link reserveUpload} is asked for more. QUOTA_EXCEEDED where the day's imports are
   * used up, or `contentLength` is more than is left.
   */
  reply: z.object({
    importId: jobId,
    epoch: z.number().int(),
    reservedBytes: z.number().int(),
    /** An earlier request with the `idempotencyKey` brought so many bytes; their SHA-256, hex, where there are any. */
    resumed: z.object({ offset: z.number().int(), digest: z.string().nullable() }).optional(),
    /** An earlier request brought all of them, or the import has ended: nothing is to be published. */
    finished: z.object({ length: z.number().int(), digest: z.string() }).nullable().optional(),
  }),
  // Nobody may ask a second time, and the file is on its way: hundreds that begin at once wait for one another.
  timeoutMs: 30_000,
});

/**
 * Asked before the first `length` bytes of an upload are published; grants some more, so that few requests are needed.
 * Takes them off the holder's daily quota, where there is one, so that uploads side by side cannot pass it together:
 * QUOTA_EXCEEDED where the day has not so many left, and the import then ends `failed`, with the rows before counted.
 * Throws what ended the import, RIGHTS_LOST in any case: nobody is to go on sending.
 */
export const reserveUpload = defineRequest({
  subject: 'import.v1.uploads.reserve',
  request: z.object({ importId: jobId, epoch: z.number().int(), length: z.number().int().min(1) }),
  reply: z.object({ reservedBytes: z.number().int() }),
  idempotent: true,
});

/** The gateway published `length` bytes and JetStream acknowledged all of them. */
export const sealUpload = defineRequest({
  subject: 'import.v1.uploads.seal',
  request: z.object({
    importId: jobId,
    epoch: z.number().int(),
    length: z.number().int().min(0),
    /** SHA-256 of the whole, hex, where the same file may be sent again. */
    digest: z.string().optional(),
  }),
  reply: importSchema,
  idempotent: true,
});

export const getImport = defineRequest({
  subject: 'import.v1.get',
  request: z.object({ importId: jobReference }),
  reply: importSchema,
  idempotent: true,
});

export const listImports = defineRequest({
  subject: 'import.v1.list',
  request: pageRequest.extend({
    dataset: datasetName.optional(),
    /** One, or any of several. */
    state: z.union([importState, z.array(importState).min(1)]).optional(),
    createdAfter: instant.optional(),
    /** Not at this instant any more. */
    createdBefore: instant.optional(),
  }),
  reply: importListSchema,
  idempotent: true,
});

export const cancelImport = defineRequest({
  subject: 'import.v1.cancel',
  request: z.object({ importId: jobReference }),
  reply: importSchema,
  idempotent: true,
});

/** Headers of a piece on `uploads.v1.<importId>`; its body is at most `maxPieceBytes` of the upload as sent. */
export const pieceHeaders = {
  /** Bytes of the upload before this piece. */
  offset: 'Keyport-Offset',
  epoch: 'Keyport-Epoch',
  /** {@link pieceChecksum} of the piece. */
  checksum: 'Keyport-Crc32',
  /** SHA-256 of the upload up to the end of the piece, hex, where the same file may be sent again. */
  prefixDigest: 'Keyport-Prefix-Sha256',
} as const;

/** Shows a piece that the way through the bus changed: CRC-32 (RFC 1952, section 8), eight hexadecimal digits. */
export const pieceChecksum = (piece: Uint8Array): string => crc32(piece).toString(16).padStart(8, '0');

/** 512 KiB: far under NATS's `max_payload`, and with it every piece is nearly free of overhead (measured). */
export const maxPieceBytes = 512 * 1024;

export const uploadSubject = (importId: string) => `uploads.v1.${importId}`;
