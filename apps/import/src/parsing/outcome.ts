import type { RejectedRow, ReplyOf, writeRecords } from '@keyport/contracts';
import { splitDocuments, type Chunk, type RowErrorCode } from '@keyport/codec';
import type { ChunkOutcome, RowRange } from '../imports/chunk-outcome.ts';
import { describable } from '../rejects/reject-details.ts';
import { refusedValue } from '../rejects/refused-value.ts';
import { groupsOf } from '../rejects/reject-groups.ts';

/**
 * What became of a chunk's rows: those that the parser refused, those that the writer refused, and the rest. Rows behind
 * the rejected one that is one more than `mayReject` do not count: they were neither looked at nor written.
 */
export function outcomeOf(chunk: Chunk, reply: ReplyOf<typeof writeRecords>, mayReject = Infinity): ChunkOutcome {
  const documents = reply.rejected.length > 0 ? splitDocuments(chunk.documents) : [];
  const refused = reply.rejected.map(({ index, code, ...problem }) => {
    const { path } = problem;
    const value = path && refusedValue(documents[index]!, path);
    // The writer's own codes are among those that the codec lists.
    return chunk.rejectionOf(index, { ...problem, ...(value && { value }), code: code as RowErrorCode });
  });
  const all: RejectedRow[] = [...chunk.rejected, ...refused].sort((one, other) => one.row - other.row);
  const rejected = all.slice(0, mayReject + 1).map(describable);
  const last = rejected[mayReject];
  const read = last ? rowsUpTo(chunk, last.row) : chunk.rows;
  const { inserted, updated, unchanged, deleted, skipped } = reply;
  const counts = { read, inserted, updated, unchanged, deleted, rejected: rejected.length, skipped };
  if (inserted + updated + unchanged + deleted + rejected.length + skipped !== read) {
    throw new Error(`the writer's counts for chunk ${chunk.number} do not add up to its ${read} rows`);
  }
  return { number: chunk.number, counts, range: rangeOf(chunk), rejected, groups: groupsOf(rejected) };
}

function rangeOf({ rowNumbers, rejected, end }: Chunk): RowRange {
  return { first: Math.min(rowNumbers[0] ?? Infinity, rejected[0]?.row ?? Infinity), last: end.row };
}

/** Counted, since rows that are retried do not follow one another. */
function rowsUpTo({ rowNumbers, rejected }: Chunk, last: number): number {
  const isBefore = (row: number) => row <= last;
  return rowNumbers.filter(isBefore).length + rejected.filter(({ row }) => isBefore(row)).length;
}
