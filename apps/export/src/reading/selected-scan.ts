import { KeyportError, type ExportSelection, type RequestInput, type scanRecords } from '@keyport/contracts';
import type { Position } from './position.ts';

type Scan = Pick<RequestInput<typeof scanRecords>, 'cursor' | 'afterId' | 'filter' | 'isTyped' | 'sort'>;

/** What of a scan says which records, in which order and from where on. Throws CURSOR_INVALID. */
export function selectedScan({ scan, after, filter, isTyped, sort, ...at }: Position): Scan {
  // Without a limit all records are looked at for their columns, in whatever order.
  const isOrdered = at.pass === 'rows' || at.left !== undefined;
  return { filter, isTyped, ...(isOrdered && { sort }), ...(scan ? { cursor: scan } : startOf(after)) };
}

/** Nothing that is JSON is a cursor: that has 28 bytes at least, of which some are no digits. */
function startOf(after: string | undefined): Pick<Scan, 'cursor' | 'afterId'> {
  if (after === undefined) return {};
  if (isJson(after)) return { afterId: after };
  const cursor = Buffer.from(after, 'base64url');
  if (cursor.toString('base64url') !== after) throw new KeyportError('CURSOR_INVALID');
  return { cursor };
}

/** Inverse of what {@link selectedScan} reads. */
export const afterOf = (cursor: Uint8Array): string => Buffer.from(cursor).toString('base64url');

/** Throws VALIDATION_FAILED for options that contradict one another. */
export function checkSelection({ sort, after }: ExportSelection): void {
  if (!sort || after === undefined) return;
  const message = 'goes on in the order of _id, and so not together with sort';
  throw new KeyportError('VALIDATION_FAILED', {}, { errors: [{ path: 'after', code: 'custom', message }] });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
