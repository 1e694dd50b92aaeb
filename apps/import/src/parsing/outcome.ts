import type { RejectedRow, ReplyOf, writeRecords } from '@keyport/contracts';
import type { Chunk, RowErrorCode } from '@keyport/codec';
import type { ChunkOutcome } from '../imports/chunk-outcome.ts';

/** What became of a chunk's rows: those that the parser refused, those that the writer refused, and the rest. */
export function outcomeOf(chunk: Chunk, reply: ReplyOf<typeof writeRecords>): ChunkOutcome {
  const refused = reply.rejected.map(({ index, code, ...problem }) =>
    // The writer's own codes are among those that the codec lists.
    chunk.rejectionOf(index, { ...problem, code: code as RowErrorCode }),
  );
  const rejected: RejectedRow[] = [...chunk.rejected, ...refused].sort((one, other) => one.row - other.row);
  const { inserted, updated, unchanged, deleted } = reply;
  const counts = { read: chunk.rows, inserted, updated, unchanged, deleted, rejected: rejected.length, skipped: 0 };
  if (inserted + updated + unchanged + deleted + rejected.length !== chunk.rows) {
    throw new Error(`the writer's counts for chunk ${chunk.number} do not add up to its ${chunk.rows} rows`);
  }
  return { number: chunk.number, counts, rejected };
}
