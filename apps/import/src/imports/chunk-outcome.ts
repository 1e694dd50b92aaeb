import type { ImportCounts, RejectedRow, RejectGroup } from '@keyport/contracts';

/** Numbers of rows, both ends included. */
export interface RowRange {
  readonly first: number;
  readonly last: number;
}

/** What became of one chunk. */
export interface ChunkOutcome {
  readonly number: number;
  readonly counts: ImportCounts;
  readonly range: RowRange;
  /** In file order. */
  readonly rejected: readonly RejectedRow[];
  /** All of them by code and path. */
  readonly groups: readonly RejectGroup[];
}
