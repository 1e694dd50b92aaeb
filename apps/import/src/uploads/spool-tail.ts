import { PieceSequence, type PieceHead, type SpoolPosition } from '../intake/piece-sequence.ts';

/** A piece as the spool holds it, without its bytes. */
export interface StoredHead extends PieceHead {
  /** SHA-256 of the upload up to the end of the piece, hex; null where its gateway did not say. */
  readonly prefixDigest: string | null;
}

export interface CountedUpload {
  /** Bytes that are there without a gap. */
  readonly offset: number;
  readonly epoch: number;
  /** SHA-256 of these bytes, hex; null where there are none, or no gateway said. */
  readonly digest: string | null;
}

/** Counts as the reader does, from a position that it could start from, through all pieces behind it. */
export function countUpload(
  from: SpoolPosition & { digest?: string | null },
  heads: readonly StoredHead[],
): CountedUpload {
  const sequence = new PieceSequence(from);
  let digest = from.digest ?? null;
  for (let index = 0; index < heads.length; index += 1) {
    const head = heads[index] as StoredHead;
    if (sequence.take(head).kind === 'take') digest = head.prefixDigest;
    const again = sequence.rewind();
    if (again !== undefined) index = heads.findIndex((one) => one.sequence === again) - 1;
  }
  return { offset: sequence.taken, epoch: sequence.newestEpoch, digest };
}
