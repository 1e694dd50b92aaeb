interface Waiter {
  readonly start: () => void;
}

/**
 * Lends out a fixed number of places and lets owners take turns: each time one is free, the owner who has waited
 * longest for a turn gets it, whatever the others have queued. So one chunk of a small import never waits behind all
 * chunks of a large one.
 */
export class FairShare {
  private readonly waiting = new Map<string, Waiter[]>();
  private free: number;

  constructor(places: number) {
    this.free = places;
  }

  /** Resolves with a place; call the result once to give it back. Rejects with the signal's reason when it aborts. */
  acquire(owner: string, signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.free > 0) {
      this.free -= 1;
      return Promise.resolve(this.releaser());
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.remove(owner, waiter);
        reject(signal?.reason as Error);
      };
      const waiter: Waiter = {
        start: () => {
          signal?.removeEventListener('abort', leave);
          resolve(this.releaser());
        },
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.waiting.set(owner, [...(this.waiting.get(owner) ?? []), waiter]);
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
    const turn = this.waiting.entries().next();
    if (turn.done) {
      this.free += 1;
      return;
    }
    const [owner, [first, ...others]] = turn.value;
    // A map keeps the order in which owners joined; whoever has had a turn joins again at the end.
    this.waiting.delete(owner);
    if (others.length > 0) this.waiting.set(owner, others);
    first?.start();
  }

  private remove(owner: string, waiter: Waiter): void {
    const others = (this.waiting.get(owner) ?? []).filter((one) => one !== waiter);
    if (others.length > 0) this.waiting.set(owner, others);
    else this.waiting.delete(owner);
  }
}
