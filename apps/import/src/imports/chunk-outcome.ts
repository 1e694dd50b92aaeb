import type { ImportCounts, RejectedRow, RejectGroup } from '@keyport/contracts';

/** What became of one chunk. */
export interface ChunkOutcome {
  readonly number: number;
  readonly counts: ImportCounts;
  /** In file order. */
  readonly rejected: readonly RejectedRow[];
  /** All of them by code and path. */
  readonly groups: readonly RejectGroup[];
}
