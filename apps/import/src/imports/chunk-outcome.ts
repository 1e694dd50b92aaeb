import type { ImportCounts, RejectedRow } from '@keyport/contracts';

/** What became of one chunk. */
export interface ChunkOutcome {
  readonly number: number;
  readonly counts: ImportCounts;
  /** In file order. */
  readonly rejected: readonly RejectedRow[];
}
