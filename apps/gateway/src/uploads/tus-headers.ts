import { KeyportError, maxUploadBytes } from '@keyport/contracts';
import type { IncomingHttpHeaders } from 'node:http';

/** What of tus 1.0 (tus.io/protocols/resumable-upload) is spoken here. */
export const tus = {
  version: '1.0.0',
  extensions: 'creation,creation-with-upload,creation-defer-length,checksum,expiration,termination',
  checksumAlgorithms: ['sha1', 'sha256'],
  maxBytes: maxUploadBytes,
  contentType: 'application/offset+octet-stream',
} as const;

/** A piece with a checksum is held in memory until it is known to be right. */
export const maxCheckedBytes = 16 * 1024 * 1024;

/** Length of the whole upload; null where it is deferred. Throws VALIDATION_FAILED, UPLOAD_TOO_LARGE and EMPTY_FILE. */
export function uploadLengthOf(headers: IncomingHttpHeaders): number | null {
  const isDeferred = headers['upload-defer-length'] !== undefined;
  if (isDeferred && headers['upload-defer-length'] !== '1') throw notValid('Upload-Defer-Length', 'must be 1');
  const length = numberIn(headers, 'upload-length');
  if (isDeferred === (length !== undefined)) {
    throw notValid('Upload-Length', 'must be there, or Upload-Defer-Length: 1, and not both');
  }
  if (length === 0) throw new KeyportError('EMPTY_FILE');
  return length ?? null;
}

/** Throws VALIDATION_FAILED. */
export function uploadOffsetOf(headers: IncomingHttpHeaders): number {
  const offset = numberIn(headers, 'upload-offset');
  if (offset === undefined) throw notValid('Upload-Offset', 'must be there');
  return offset;
}

/** The length that was deferred, where this request tells it. */
export const toldLengthOf = (headers: IncomingHttpHeaders): number | undefined => numberIn(headers, 'upload-length');

/** Throws UNSUPPORTED_MEDIA_TYPE. */
export function requireTusBody({ 'content-type': contentType }: IncomingHttpHeaders): void {
  if (contentType?.split(';')[0]?.trim().toLowerCase() === tus.contentType) return;
  throw new KeyportError('UNSUPPORTED_MEDIA_TYPE', {
    contentType: contentType ?? '(none)',
    supported: tus.contentType,
  });
}

export interface Checksum {
  readonly algorithm: string;
  readonly digest: Buffer;
}

/** Throws VALIDATION_FAILED for an algorithm that is not spoken, as the extension wants (400 there, 422 here). */
export function checksumOf({ 'upload-checksum': header }: IncomingHttpHeaders): Checksum | undefined {
  if (header === undefined) return undefined;
  const [, algorithm = '', base64 = ''] = /^(\S+) ([A-Za-z0-9+/]+={0,2})$/.exec(String(header).trim()) ?? [];
  if (!(tus.checksumAlgorithms as readonly string[]).includes(algorithm)) {
    throw notValid('Upload-Checksum', `must be one of ${tus.checksumAlgorithms.join(', ')}, a blank, and Base64`);
  }
  return { algorithm, digest: Buffer.from(base64, 'base64') };
}

function numberIn(headers: IncomingHttpHeaders, name: string): number | undefined {
  const text = headers[name];
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(String(text))) throw notValid(name, 'must be a number of bytes');
  const value = Number(text);
  if (value > tus.maxBytes) throw new KeyportError('UPLOAD_TOO_LARGE', { limitBytes: tus.maxBytes });
  return value;
}

const notValid = (path: string, message: string) =>
  new KeyportError('VALIDATION_FAILED', {}, { errors: [{ path, code: 'invalid', message }] });
