/** Bounds what runs at once, and lets what has the same key run one after the other, in the order in which it came. */
export class Turns {
  private readonly tails = new Map<string, Promise<unknown>>();
  private readonly waiting: (() => void)[] = [];
  private running = 0;
  private entered = 0;
  private readonly idle: (() => void)[] = [];
  private readonly room: (() => void)[] = [];

  constructor(private readonly atOnce: number) {}

  /** All that was let in and has not ended. */
  get size(): number {
    return this.entered;
  }

  /** `key` undefined: in no order. */
  async run<Result>(key: string | undefined, work: () => Promise<Result>): Promise<Result> {
    this.entered += 1;
    const before = key === undefined ? undefined : this.tails.get(key);
    const turn = this.take(before, work);
    // What waits for it waits for its end, however it ends.
    const tail = turn.catch(() => undefined);
    if (key !== undefined) this.tails.set(key, tail);
    try {
      return await turn;
    } finally {
      if (key !== undefined && this.tails.get(key) === tail) this.tails.delete(key);
      this.entered -= 1;
      if (this.entered < this.atOnce) this.room.splice(0).forEach((go) => go());
      if (this.entered === 0) this.idle.splice(0).forEach((go) => go());
    }
  }

  /** Resolves once something that is let in now would run at once. */
  async untilRoom(): Promise<void> {
    while (this.entered >= this.atOnce) await new Promise<void>((go) => this.room.push(go));
  }

  /** Resolves once nothing is left of what was let in. */
  async untilIdle(): Promise<void> {
    while (this.entered > 0) await new Promise<void>((go) => this.idle.push(go));
  }

  private async take<Result>(before: Promise<unknown> | undefined, work: () => Promise<Result>): Promise<Result> {
    await before;
    if (this.running >= this.atOnce) await new Promise<void>((go) => this.waiting.push(go));
    else this.running += 1;
    try {
      return await work();
    } finally {
      // The place goes to who waited longest, or is free.
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }
}
