import type { PartRecord } from './part.model.ts';

/** Bytes from `offset` up to `end`, or to the first gap: parts of a file that is being deleted go in any order. */
export function joinedFrom(offset: number, end: number, parts: readonly Omit<PartRecord, 'exportId'>[]): Buffer {
  const pieces: Buffer[] = [];
  let at = offset;
  for (const { offset: start, bytes } of parts) {
    if (start > at) break;
    if (start + bytes.length <= at) continue;
    const piece = bytes.subarray(at - start, Math.max(0, end - start));
    pieces.push(piece);
    at += piece.length;
  }
  return Buffer.concat(pieces);
}
