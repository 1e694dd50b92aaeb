import { z } from 'zod';
import { sinceCursor } from './changes.ts';
import { defineRequest, defineStream } from './define.ts';
import { afterText, givenFilterText, queryFilter, sortKeys } from './select.ts';
import {
  bytes,
  datasetId,
  datasetName,
  empty,
  fieldPath,
  instant,
  jobId,
  jobReference,
  listOf,
  pageRequest,
} from './shapes.ts';

export const exportFormat = z.enum(['ndjson', 'json', 'csv', 'tsv']).meta({ id: 'ExportFormat' });
export type ExportFormat = z.output<typeof exportFormat>;

/** Extended JSON v2 (MongoDB specification): relaxed for people, canonical to lose nothing. */
export const extendedJson = z.enum(['relaxed', 'canonical']).meta({ id: 'ExtendedJson' });

export const exportState = z
  .enum(['queued', 'running', 'completed', 'failed', 'cancelled', 'expired'])
  .meta({ id: 'ExportState' });

/** Of a file, or of the stream by `Accept-Encoding`; default none. */
export const exportCompression = z.enum(['none', 'gzip', 'zstd']).meta({ id: 'ExportCompression' });
export type ExportCompression = z.output<typeof exportCompression>;

/** How CSV and TSV are written; those that an import has too are the same there. */
export const csvExportOptions = z
  .strictObject({
    /** Default comma, or tab for TSV. */
    delimiter: z.string().length(1).optional(),
    /** False for rows alone. */
    header: z.boolean().optional(),
    /** Stands for null, not in quotes; default nothing, as for an absent field. */
    nullText: z.string().min(1).max(1024).optional(),
    /** `escape` puts an apostrophe before texts that a spreadsheet would take for formulas. */
    formulas: z.enum(['escape']).optional(),
    /** A byte order mark in front, by which spreadsheets know UTF-8. */
    bom: z.boolean().optional(),
    newline: z.enum(['lf', 'crlf']).optional(),
  })
  .meta({ id: 'CsvExportOptions' });
export type CsvExportOptions = z.output<typeof csvExportOptions>;

/** What to write and how. */
export const exportSelection = z.strictObject({
  format: exportFormat.default('ndjson'),
  ejson: extendedJson.default('relaxed'),
  fields: z.array(fieldPath).min(1).max(1000).optional(),
  limit: z.number().int().min(1).optional(),
  compression: exportCompression.optional(),
  /** CSV and TSV: `header` writes the type of each column into its name (`qty.int32()`), for an import to read. */
  types: z.enum(['header']).optional(),
  csv: csvExportOptions.optional(),
  filter: givenFilterText.optional(),
  sort: sortKeys.optional(),
  after: afterText.optional(),
  /** All of it as it was at one moment. */
  snapshot: z.boolean().optional(),
  /** Instead of all records what changed since: `Keyport-Since` of a stream, or `since` of a file. */
  since: sinceCursor.optional(),
});
export type ExportSelection = z.output<typeof exportSelection>;

export const createExportSchema = exportSelection
  .extend({ filter: queryFilter.optional() })
  .meta({ id: 'CreateExport' });

export const exportSchema = z
  .object({
    id: jobId,
    dataset: datasetName,
    format: exportFormat,
    compression: exportCompression,
    state: exportState,
    createdAt: instant,
    startedAt: instant.nullable(),
    finishedAt: instant.nullable(),
    counts: z.object({ written: z.number().int() }),
    bytes: z.number().int(),
    /** `sha-256=:<base64>:` (RFC 9530) of the whole file once completed. */
    digest: z.string().nullable(),
    /** Where a later read may ask for what changed since, once completed; null where changes are not kept, or not for a read such as this. */
    since: sinceCursor.nullable(),
    expiresAt: instant.nullable(),
    error: z.object({ code: z.string(), detail: z.string() }).optional(),
  })
  .meta({ id: 'Export' });
export type Export = z.output<typeof exportSchema>;

export const exportListSchema = listOf(exportSchema).meta({ id: 'ExportList' });

export const createExport = defineRequest({
  subject: 'export.v1.create',
  request: exportSelection.extend({ dataset: datasetName }),
  reply: exportSchema,
});

export const getExport = defineRequest({
  subject: 'export.v1.get',
  request: z.object({ exportId: jobReference }),
  reply: exportSchema,
  idempotent: true,
});

export const listExports = defineRequest({
  subject: 'export.v1.list',
  request: pageRequest.extend({
    dataset: datasetName.optional(),
    /** One, or any of several. */
    state: z.union([exportState, z.array(exportState).min(1)]).optional(),
    createdAfter: instant.optional(),
    /** Not at this instant any more. */
    createdBefore: instant.optional(),
  }),
  reply: exportListSchema,
  idempotent: true,
});

export const deleteExport = defineRequest({
  subject: 'export.v1.delete',
  request: z.object({ exportId: jobReference }),
  reply: empty,
  idempotent: true,
});

/** Bytes `offset` to at most `offset + length` of a completed export's file; at most 1 MiB a reply. */
export const readExportFile = defineRequest({
  subject: 'export.v1.file.read',
  encoding: 'bson',
  idempotent: true,
  timeoutMs: 15_000,
  request: z.object({ exportId: jobId, offset: z.number().int().min(0), length: z.number().int().min(1) }),
  reply: z.object({ bytes }),
});

/**
 * One page of the streaming route, as text. First reply: `next` as soon as it is known, so that the asker may ask for
 * the following page while this one is still being written; then `bytes`, in more than one reply only where they are
 * too many for a message. `next` is null on the last page; a page may be empty before that. Every instance can answer
 * every page: the cursor holds all that is needed. `count` is of records in the page; `after` is on the last page where
 * more may follow behind it, and goes into `after` of a later selection.
 */
export const readPage = defineStream({
  subject: 'export.v1.pages.read',
  encoding: 'bson',
  idempotent: true,
  timeoutMs: 30_000,
  request: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('first'), dataset: datasetName, selection: exportSelection }),
    z.object({ kind: z.literal('next'), dataset: datasetName, cursor: z.string() }),
    /** One record that no message carries, as `getRecord` named it. */
    z.object({ kind: z.literal('record'), dataset: datasetName, datasetId, large: bytes }),
  ]),
  reply: z.union([
    z.object({
      next: z.string().nullable(),
      count: z.number().int(),
      after: z.string().optional(),
      /** With the first page, where a later request may ask for what changed since. */
      since: sinceCursor.optional(),
    }),
    z.object({ bytes }),
  ]),
});
