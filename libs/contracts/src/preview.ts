import { z } from 'zod';
import { defineRequest } from './define.ts';
import { contentEncoding, importFormat, importOptions, rejectedRowSchema } from './import.ts';
import { writeMode } from './records.ts';
import { bytes, datasetName } from './shapes.ts';

/** Of a file, as it is sent: so much is looked at, and travels in one message. */
export const maxSampleBytes = 1024 * 1024;

/** How much of what was sent has been looked at. */
export const sampleSchema = z
  .object({
    /** Rows looked at, refused ones included. Where the file is longer, its last row so far is left out: it may be cut. */
    rows: z.number().int(),
    rejected: z.number().int(),
    /** False where the file is longer than what was looked at. */
    complete: z.boolean(),
  })
  .meta({ id: 'Sample' });

export const previewSchema = z
  .object({
    sample: sampleSchema,
    /** The import as it was understood. */
    mode: writeMode,
    /** Fields that rows match on; `_id` where there are none. Not used by `insert`. */
    key: z.array(z.string()),
    format: importFormat,
    charset: z.enum(['utf-8', 'utf-16le', 'utf-16be']),
    csv: z
      .object({
        delimiter: z.string(),
        quote: z.string(),
        header: z.boolean(),
        types: z.enum(['string', 'lossless', 'header']),
        columns: z.array(
          z.object({
            /** As the file, or `csv.columns`, names it. */
            column: z.string(),
            /** The field that it becomes; missing where it is passed over. */
            field: z.string().optional(),
            /** `string`, `lossless`, or the type that the schema or the header gives. */
            type: z.string().optional(),
          }),
        ),
      })
      .optional(),
    /** Fields as they would be stored, with MongoDB's names of the types that occur. */
    fields: z.array(z.object({ path: z.string(), types: z.array(z.string()), documents: z.number().int() })),
    /** The first rows as they would be stored: canonical Extended JSON, without an `_id` that would be made. */
    rows: z.array(z.record(z.string(), z.unknown())),
    /** The first rows that would be rejected. */
    rejects: z.array(rejectedRowSchema),
    /** Why the file cannot be read on, behind the rows above. */
    fault: z.object({ code: z.string(), detail: z.string() }).optional(),
  })
  .meta({ id: 'ImportPreview' });
export type Preview = z.output<typeof previewSchema>;

export const inferredSchema = z
  .object({
    /** A JSON Schema 2020-12 that every row of the sample matches. */
    schema: z.record(z.string(), z.unknown()),
    sample: sampleSchema,
  })
  .meta({ id: 'InferredSchema' });
export type InferredSchema = z.output<typeof inferredSchema>;

const sampleRequest = z.object({
  dataset: datasetName,
  format: importFormat,
  contentEncoding,
  options: importOptions,
  sample: bytes,
  /** The sample is the whole file. */
  isWhole: z.boolean(),
});

/**
 * What an import of the sample would make of it; writes nothing, and asks nothing of what is stored but the dataset's
 * definition. The reply is a `Preview` as JSON, as bytes: BSON gives `$`-names a meaning.
 */
export const previewImport = defineRequest({
  subject: 'import.v1.preview',
  encoding: 'bson',
  request: sampleRequest,
  reply: z.object({ json: bytes }),
  idempotent: true,
  timeoutMs: 30_000,
});

/** Proposes a schema for rows like those of the sample. The dataset need not exist. The reply is an `InferredSchema` as JSON. */
export const inferDatasetSchema = defineRequest({
  subject: 'import.v1.infer',
  encoding: 'bson',
  request: sampleRequest,
  reply: z.object({ json: bytes }),
  idempotent: true,
  timeoutMs: 30_000,
});
