import type { ChunkOutcome } from '../imports/chunk-outcome.ts';

/** The same outcomes with at most `room` rejected rows described; counts stay as they are. */
export function keepDetails(outcomes: readonly ChunkOutcome[], room: number): ChunkOutcome[] {
  let left = Math.max(room, 0);
  return outcomes.map((outcome) => {
    const rejected = outcome.rejected.slice(0, left);
    left -= rejected.length;
    return { ...outcome, rejected };
  });
}
