/** Who waits for a place: holders take turns, and within each its jobs. */
export interface Turn {
  readonly holder: string;
  readonly job: string;
}

/** Keys in the order in which they joined: whoever has had a turn joins again at the end. */
type InTurns<Entry> = Map<string, Entry>;

/**
 * Lends out a fixed number of places and lets those who wait take turns: each time one is free, the holder who has
 * waited longest for a turn gets it, and of its jobs the one that has, whatever the others have queued. So one chunk of a
 * small import never waits behind all chunks of a large one, nor behind one chunk of each of somebody's hundred imports.
 */
export class FairShare {
  private readonly waiting: InTurns<InTurns<(() => void)[]>> = new Map();
  private free: number;

  constructor(places: number) {
    this.free = places;
  }

  /** Resolves with a place; call the result once to give it back. Rejects with the signal's reason when it aborts. */
  acquire(turn: Turn, signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.free > 0) {
      this.free -= 1;
      return Promise.resolve(this.releaser());
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.remove(turn, start);
        reject(signal?.reason as Error);
      };
      const start = () => {
        signal?.removeEventListener('abort', leave);
        resolve(this.releaser());
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.add(turn, start);
    });
  }

  private releaser(): () => void {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.next();
    };
  }

  private next(): void {
    const turn = firstOf(this.waiting);
    const waiter = turn && firstOf(turn.entry);
    if (!waiter) {
      this.free += 1;
      return;
    }
    const [start, ...others] = waiter.entry;
    rejoin(turn.entry, waiter.key, others, others.length > 0);
    rejoin(this.waiting, turn.key, turn.entry, turn.entry.size > 0);
    start?.();
  }

  private add({ holder, job }: Turn, start: () => void): void {
    const jobs = this.waiting.get(holder) ?? new Map<string, (() => void)[]>();
    jobs.set(job, [...(jobs.get(job) ?? []), start]);
    this.waiting.set(holder, jobs);
  }

  private remove({ holder, job }: Turn, start: () => void): void {
    const jobs = this.waiting.get(holder);
    const others = (jobs?.get(job) ?? []).filter((one) => one !== start);
    if (others.length > 0) jobs?.set(job, others);
    else jobs?.delete(job);
    if (jobs?.size === 0) this.waiting.delete(holder);
  }
}

function firstOf<Entry>(turns: InTurns<Entry>): { readonly key: string; readonly entry: Entry } | undefined {
  const [first] = turns;
  return first && { key: first[0], entry: first[1] };
}

function rejoin<Entry>(turns: InTurns<Entry>, key: string, entry: Entry, stillWaits: boolean): void {
  turns.delete(key);
  if (stillWaits) turns.set(key, entry);
}
