import { KeyportError } from '@keyport/contracts';
import parseRange from 'range-parser';

/** First and last byte, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface Conditions {
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
}

/**
 * The one range asked for, or undefined where the whole file is to be sent: no `Range`, several ranges or another unit
 * (RFC 9110 §14.2 lets a server ignore them), or an `If-Range` that names another version (§13.1.5, strong comparison).
 * Throws RANGE_NOT_SATISFIABLE.
 */
export function rangeOf({ range, ifRange }: Conditions, length: number, etag: string): ByteRange | undefined {
  if (range === undefined || (ifRange !== undefined && ifRange !== etag)) return undefined;
  const ranges = parseRange(length, range);
  if (ranges === -1) throw new KeyportError('RANGE_NOT_SATISFIABLE', { length });
  if (ranges === -2 || ranges.type !== 'bytes' || ranges.length !== 1) return undefined;
  return ranges[0];
}

/** RFC 9110 §13.1.2; weak comparison, since a GET that matches has nothing to send. */
export function matchesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((candidate) => [etag, `W/${etag}`, '*'].includes(candidate.trim()));
}
