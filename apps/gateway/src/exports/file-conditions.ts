import type { IncomingHttpHeaders } from 'node:http';
import { KeyportError } from '@keyport/contracts';
import type { StoredFile } from './stored-file.ts';

type Validators = Pick<StoredFile, 'etag' | 'lastModified'>;

/**
 * Whether the client has the file already (304), by the conditions in the order of RFC 9110 §13.2.2. Throws
 * PRECONDITION_FAILED where it asks for another one.
 */
export function isKnownToClient(headers: IncomingHttpHeaders, file: Validators): boolean {
  const { 'if-match': ifMatch, 'if-unmodified-since': ifUnmodifiedSince } = headers;
  const { 'if-none-match': ifNoneMatch, 'if-modified-since': ifModifiedSince } = headers;
  const isAsked = ifMatch === undefined ? !isNewer(file, ifUnmodifiedSince, false) : isNamed(ifMatch, [file.etag]);
  if (!isAsked) throw new KeyportError('PRECONDITION_FAILED');
  // §13.1.2: weak comparison, since a match has nothing to send.
  if (ifNoneMatch !== undefined) return isNamed(ifNoneMatch, [file.etag, `W/${file.etag}`]);
  return !isNewer(file, ifModifiedSince, true);
}

/** `*` is any file, so this one too. */
const isNamed = (list: string, tags: readonly string[]): boolean =>
  list.split(',').some((listed) => [...tags, '*'].includes(listed.trim()));

/** §13.1.3, §13.1.4: a date that cannot be read is no condition. HTTP dates have no parts of a second. */
function isNewer({ lastModified }: Validators, date: string | undefined, otherwise: boolean): boolean {
  const since = Date.parse(date ?? '');
  if (Number.isNaN(since)) return otherwise;
  return Math.floor(lastModified.getTime() / 1000) > Math.floor(since / 1000);
}
