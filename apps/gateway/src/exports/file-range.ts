import { KeyportError } from '@keyport/contracts';

/** First and last byte, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface Conditions {
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
}

/** One `int-range` or `suffix-range` of bytes (RFC 9110 §14.1.2). */
const oneRange = /^bytes=[ \t]*(?:(?<first>\d+)-(?<last>\d*)|-(?<suffix>\d+))[ \t]*$/i;

/**
 * The one range asked for, or undefined where the whole file is to be sent: no `Range`, several ranges, another unit or
 * nonsense (RFC 9110 §14.2 lets a server ignore them), or an `If-Range` that is not its very tag (§13.1.5, strong
 * comparison). A date in `If-Range` names no version for sure: the whole file is right whichever one was meant. Throws
 * RANGE_NOT_SATISFIABLE.
 */
export function rangeOf({ range = '', ifRange }: Conditions, length: number, etag: string): ByteRange | undefined {
  if (ifRange !== undefined && ifRange !== etag) return undefined;
  const { first, last = '', suffix } = oneRange.exec(range)?.groups ?? {};
  if (suffix !== undefined) return suffixOf(Number(suffix), length);
  if (first === undefined) return undefined;
  const start = Number(first);
  const end = last === '' ? Infinity : Number(last);
  if (end < start) return undefined;
  if (start >= length) throw new KeyportError('RANGE_NOT_SATISFIABLE', { length });
  return { start, end: Math.min(end, length - 1) };
}

/** The last bytes; all of an empty file are none (§14.1.2). */
function suffixOf(count: number, length: number): ByteRange | undefined {
  if (count === 0) throw new KeyportError('RANGE_NOT_SATISFIABLE', { length });
  return length === 0 ? undefined : { start: Math.max(0, length - count), end: length - 1 };
}
