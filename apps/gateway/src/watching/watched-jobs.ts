import type { RequestOptions } from '@keyport/messaging';
import type { AsksOnBus } from '../access/bus-caller.ts';

/** A job as one look sees it. */
export interface SeenJob {
  /** Grows with every stored change. */
  readonly sequence: number;
}

/** A kind of job that can be watched. */
export interface WatchedJobs<Seen extends SeenJob> {
  /** The job as it is now. Throws where the caller may not see it. */
  readonly ask: (caller: AsksOnBus, id: string, options?: RequestOptions) => Promise<Seen>;
  /** It changes no more. */
  readonly isFinal: (seen: Seen) => boolean;
  /** One for each job that is watched: says what is told of each look, at so many milliseconds by the watcher's clock. */
  readonly newTeller: () => (seen: Seen, at: number) => object;
}
