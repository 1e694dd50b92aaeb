import { contentEncoding, datasetName, importFormat, KeyportError, type FieldProblem } from '@keyport/contracts';
import { z } from 'zod';
import { formatOf, importQuery } from '../imports/import-request.ts';

/** What upload clients send along of their own accord, and no import has a use for. */
const clientNames = new Set(['filename', 'filetype', 'name', 'type', 'relativePath']);
/** As the contract with `import` takes it, and far under what the headers may have in all. */
const maxBytes = 8192;

const named = z.object({
  dataset: datasetName,
  format: importFormat.optional(),
  contentEncoding: contentEncoding.default('identity'),
});

export interface DescribedUpload extends Omit<z.output<typeof named>, 'format'> {
  readonly format: z.output<typeof importFormat>;
  readonly options: z.output<typeof importQuery>;
  /** As it was sent. */
  readonly metadata: string;
}

/**
 * The import that `Upload-Metadata` describes: `dataset`, `format` or else `filetype`, `contentEncoding`, and the options
 * by the names of the import's query. Throws VALIDATION_FAILED and UNSUPPORTED_MEDIA_TYPE.
 */
export function describedUpload(metadata = ''): DescribedUpload {
  if (metadata.length > maxBytes) throw notValid([fault('', `must not be longer than ${maxBytes} bytes`)]);
  const { dataset, format, contentEncoding: encoding, ...others } = parseMetadata(metadata);
  const options = Object.entries(others).filter(([name]) => !clientNames.has(name));
  const head = parsed(named, { dataset, format, contentEncoding: encoding });
  return {
    ...head,
    format: head.format ?? formatOf(others.filetype),
    options: parsed(importQuery, Object.fromEntries(options)),
    metadata,
  };
}

/** tus 1.0, "Upload-Metadata": pairs of a key and a value in Base64, parted by commas; keys are unique. */
function parseMetadata(header: string): Record<string, string | undefined> {
  const pairs = new Map<string, string>();
  for (const pair of header.split(',').map((text) => text.trim())) {
    if (pair === '') continue;
    const [, key = '', value = ''] = /^([\x21-\x7e]+)(?: +([A-Za-z0-9+/]*={0,2}))?$/.exec(pair) ?? [];
    if (key === '' || pairs.has(key)) throw notValid([fault(key, 'must be a key, once, and a value in Base64')]);
    pairs.set(key, Buffer.from(value, 'base64').toString());
  }
  return Object.fromEntries(pairs);
}

function parsed<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw notValid(result.error.issues.map(({ path, message }) => fault(path.join('.'), message)));
}

const fault = (name: string, message: string): FieldProblem => ({
  path: name === '' ? 'Upload-Metadata' : `Upload-Metadata.${name}`,
  code: 'invalid',
  message,
});

const notValid = (errors: FieldProblem[]) => new KeyportError('VALIDATION_FAILED', {}, { errors });
