/** Runs work side by side, so much at once; what is started beyond that waits. */
export class Parallel {
  private readonly running = new Set<Promise<void>>();

  constructor(private readonly atOnce: number) {}

  /** Resolves once the work was begun; rejects where work begun before has failed. */
  async begin(work: () => Promise<unknown>): Promise<void> {
    while (this.running.size >= this.atOnce) await Promise.race(this.running);
    const run: Promise<void> = work().then(() => void this.running.delete(run));
    this.running.add(run);
    // Reported where it is waited for.
    run.catch(() => undefined);
  }

  /** Resolves once all work is done; rejects where some has failed. */
  async done(): Promise<void> {
    await Promise.all(this.running);
  }
}
