import type { ImportDocument } from '../imports/import.model.ts';

/** An upload as far as it takes room in the spool. */
export interface SpooledUpload {
  readonly importId: string;
  /** Bytes that it will need at once, as far as that is known. */
  readonly bytes: number;
  /** In milliseconds, when something last came. */
  readonly touchedAt: number;
}

/** An upload that nothing came of for so long does not hold up others that are younger. */
const liveMs = 60_000;

/** From here on new uploads are refused: the rest is for those that are on their way. */
export const fullAt = (spoolBytes: number): number => Math.floor(spoolBytes * 0.9);

/** The most that one upload may have whose pieces are all kept to its end. */
export const keptLimit = (spoolBytes: number): number => Math.floor(spoolBytes / 2);

/** What such uploads may have together, but for the oldest of them. */
const keptShare = (spoolBytes: number): number => Math.floor((spoolBytes * 3) / 8);

/** Bytes that a gateway publishes before it asks for more. */
export const portionOf = (spoolBytes: number): number =>
  Math.min(32 * 1024 * 1024, Math.max(512 * 1024, Math.floor(spoolBytes / 64)));

/**
 * Nothing of it is freed before its end: unpacking cannot begin in the middle, a file with a digest is not read before it
 * is whole, and of a paused import nothing is read.
 */
export const isKept = ({
  contentEncoding,
  verifiedFirst,
  state,
}: Pick<ImportDocument, 'contentEncoding' | 'verifiedFirst' | 'state'>): boolean =>
  contentEncoding !== 'identity' || verifiedFirst === true || state === 'paused';

/**
 * Whether an upload that is kept may take so many bytes beside the others that are, oldest first. Only the oldest one
 * that is still being sent may go beyond the share of all: it finds room in any case, since it and the share together
 * are less than the spool, and gives all of it back. So uploads never wait for one another for ever.
 */
export function mayGrow(
  upload: SpooledUpload,
  others: readonly SpooledUpload[],
  spoolBytes: number,
  now: number,
): boolean {
  const sum = others.reduce((bytes, other) => bytes + other.bytes, upload.bytes);
  if (sum <= keptShare(spoolBytes)) return true;
  const isOlder = (other: SpooledUpload) => other.importId < upload.importId && now - other.touchedAt < liveMs;
  return !others.some(isOlder) && sum <= fullAt(spoolBytes);
}
