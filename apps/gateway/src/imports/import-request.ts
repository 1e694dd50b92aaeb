import { requireScope } from '@keyport/access';
import {
  changingAction,
  contentEncoding,
  importOptions,
  KeyportError,
  type ContentEncoding,
  type importFormat,
  type ImportOptions,
} from '@keyport/contracts';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { fieldList } from '../http/field-list.ts';
import { flag } from '../http/flag.ts';

type ImportFormat = z.output<typeof importFormat>;

const formats: Readonly<Record<string, ImportFormat>> = {
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
  'application/jsonl': 'ndjson',
  'application/json': 'json',
  'text/csv': 'csv',
  'text/tab-separated-values': 'tsv',
};

const encodings: Readonly<Record<string, ContentEncoding>> = {
  ...contentEncoding.enum,
  '': 'identity',
  // RFC 9110 §8.4.1.3.
  'x-gzip': 'gzip',
};

/** UTF-16 as such begins with a byte order mark (RFC 2781 §4.3), which the reader of the rows goes by. */
const charsets: ReadonlySet<string | undefined> = new Set([undefined, 'utf-8', 'utf8', 'utf-16']);

const columnList = z.string().transform((list) => list.split(',').map((name) => name.trim()));

/** Options of an import as its query spells them: lists are joined with commas. */
export const importQuery = importOptions.extend({
  key: fieldList(8).optional(),
  dryRun: flag.optional(),
  'csv.header': flag.optional(),
  'csv.columns': columnList.pipe(importOptions.shape['csv.columns'].unwrap()).optional(),
  'csv.ignore': columnList.pipe(importOptions.shape['csv.ignore'].unwrap()).optional(),
});

/** Throws UNSUPPORTED_MEDIA_TYPE. */
export function formatOf(contentType: string | undefined): ImportFormat {
  const [type = '', ...parameters] = (contentType ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const charset = parameters
    .find((parameter) => parameter.startsWith('charset='))
    ?.slice('charset='.length)
    .replaceAll('"', '');
  const format = Object.hasOwn(formats, type) ? formats[type] : undefined;
  if (format && charsets.has(charset)) return format;
  throw new KeyportError('UNSUPPORTED_MEDIA_TYPE', {
    contentType: contentType ?? '(none)',
    supported: 'application/x-ndjson, application/json, text/csv, text/tab-separated-values, in UTF-8 or UTF-16',
  });
}

/** Throws UNSUPPORTED_CONTENT_ENCODING. */
export function encodingOf(header: string | undefined): ContentEncoding {
  const name = (header ?? '').trim().toLowerCase();
  const encoding = Object.hasOwn(encodings, name) ? encodings[name] : undefined;
  if (encoding) return encoding;
  throw new KeyportError('UNSUPPORTED_CONTENT_ENCODING', {
    encoding: name,
    supported: contentEncoding.options.join(', '),
  });
}

/** Longest wait that is honoured. */
const maxWaitSeconds = 300;

/** Seconds of `Prefer: wait=N` (RFC 7240 §4.3), or undefined where none is asked. */
export function waitSecondsOf(prefer: string | undefined): number | undefined {
  const match = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?/i.exec(prefer ?? '');
  return match ? Math.min(Number(match[1]), maxWaitSeconds) : undefined;
}

/** Bytes that the client said it will send, where it did. */
export function contentLengthOf({ headers }: Pick<FastifyRequest, 'headers'>): number | undefined {
  const text = headers['content-length'];
  return text === undefined ? undefined : Number(text);
}

/** Printable ASCII; quotes around it are left out (draft-ietf-httpapi-idempotency-key-header §2.1 writes them). */
const idempotencyKey = /^"?([\x20-\x7e]{1,255}?)"?$/;

/** Throws VALIDATION_FAILED. */
export function idempotencyKeyOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const [, key] = idempotencyKey.exec(header.trim()) ?? [];
  if (key !== undefined) return key;
  const message = 'must be 1 to 255 characters of printable ASCII';
  throw new KeyportError('VALIDATION_FAILED', {}, { errors: [{ path: 'Idempotency-Key', code: 'invalid', message }] });
}

/** What a mode takes besides the right to import. Throws INSUFFICIENT_SCOPE. */
export function requireWriteScopes(
  { user }: Pick<AuthenticatedRequest, 'user'>,
  dataset: string,
  { mode }: Pick<ImportOptions, 'mode'>,
): void {
  const changing = changingAction[mode];
  if (changing) requireScope(user.scopes, changing, dataset);
}
