import { KeyportError, type Export } from '@keyport/contracts';
import { fileNameOf, fileTypeOf } from './media-types.ts';

/** What is said of the file of a completed export: it never changes. */
export interface StoredFile {
  readonly exportId: string;
  readonly length: number;
  /** RFC 9530 §3, of the whole file. */
  readonly digest: string;
  /** Strong (RFC 9110 §8.8.1): the digest of just these bytes. */
  readonly etag: string;
  readonly lastModified: Date;
  readonly contentType: string;
  /** Of ASCII letters, digits, `-`, `_` and `.` alone, so that RFC 6266 needs no `filename*`. */
  readonly name: string;
}

/** Throws EXPORT_NOT_READY and EXPORT_EXPIRED where there is none. */
export function storedFileOf(job: Export): StoredFile {
  const { id: exportId, state, digest, bytes, finishedAt } = job;
  if (state === 'expired') throw new KeyportError('EXPORT_EXPIRED', { exportId });
  if (state !== 'completed' || digest === null || finishedAt === null)
    throw new KeyportError('EXPORT_NOT_READY', { exportId, state });
  const etag = `"${digest.replace(/^sha-256=:|:$/g, '')}"`;
  const named = { contentType: fileTypeOf(job), name: fileNameOf(job) };
  return { exportId, length: bytes, digest, etag, lastModified: new Date(finishedAt), ...named };
}
