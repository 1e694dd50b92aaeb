/** A chunk on its way: sent to the writer, answered, and then committed in order. */
interface Slot<Outcome> {
  outcome?: Outcome;
  failure?: { readonly error: unknown };
}

export interface ChunkPipelineOptions<Chunk, Outcome> {
  /** Chunks at the writer at the same time. */
  readonly writes: number;
  /** Chunks whose result is not stored yet, those at the writer included. */
  readonly uncommitted: number;
  readonly write: (chunk: Chunk) => Promise<Outcome>;
  /** While chunks are at the writer, results wait until so many can be stored at once. */
  readonly together?: number;
  /** How much is to be stored of a result, and how much at most at once; of one alone it may be more. */
  readonly size: { readonly of: (outcome: Outcome) => number; readonly atOnce: number };
  /** Stores results of chunks that follow one another; called once at a time, in file order. */
  readonly commit: (outcomes: readonly Outcome[]) => Promise<void>;
}

export interface PushOptions {
  readonly alone: boolean;
  readonly signal?: AbortSignal;
}

export interface Settled<Outcome> {
  /** Why the pipeline ended early. */
  readonly failure: { readonly error: unknown } | undefined;
  /** Results of chunks that were written behind the one that failed. */
  readonly stragglers: readonly Outcome[];
  /** Why chunks that were sent have no result. */
  readonly failures: readonly unknown[];
}

/**
 * Writes chunks side by side and commits their results in file order, several at once where several are ready. After a
 * failure nothing more is written, and nothing behind the failed chunk is committed.
 */
export class ChunkPipeline<Chunk, Outcome> {
  private readonly slots: Slot<Outcome>[] = [];
  private readonly changes = new Set<() => void>();
  private writing = 0;
  private committing = false;
  private failure: { readonly error: unknown } | undefined;

  constructor(private readonly options: ChunkPipelineOptions<Chunk, Outcome>) {}

  /**
   * Resolves as soon as the chunk is on its way. `alone`: only after every chunk before it was answered. Throws what
   * made an earlier chunk fail, and the signal's reason once that is aborted.
   */
  async push(chunk: Chunk, { alone, signal }: PushOptions): Promise<void> {
    await this.until(() => this.hasRoom(alone));
    if (this.failure) throw this.failure.error;
    signal?.throwIfAborted();
    const slot: Slot<Outcome> = {};
    this.slots.push(slot);
    this.writing += 1;
    void this.write(chunk, slot);
  }

  /** Waits until nothing is under way; never throws. */
  async settle(): Promise<Settled<Outcome>> {
    await this.until(() => this.writing === 0 && !this.committing && (this.slots.length === 0 || !!this.failure));
    return {
      failure: this.failure,
      stragglers: this.slots.flatMap(({ outcome }) => outcome ?? []),
      failures: this.slots.flatMap(({ failure }) => (failure ? [failure.error] : [])),
    };
  }

  private hasRoom(alone: boolean): boolean {
    const { writes, uncommitted } = this.options;
    return this.writing < (alone ? 1 : writes) && this.slots.length < uncommitted;
  }

  private async write(chunk: Chunk, slot: Slot<Outcome>): Promise<void> {
    try {
      slot.outcome = await this.options.write(chunk);
    } catch (error) {
      slot.failure = { error };
      this.failure ??= slot.failure;
    }
    this.writing -= 1;
    void this.commit();
    this.announce();
  }

  private async commit(): Promise<void> {
    if (this.committing) return;
    this.committing = true;
    for (let ready = this.ready(); this.isDue(ready); ready = this.ready()) {
      try {
        await this.options.commit(ready);
        this.slots.splice(0, ready.length);
      } catch (error) {
        this.failure ??= { error };
        break;
      }
      this.announce();
    }
    this.committing = false;
    this.announce();
  }

  /** As long as a chunk is at the writer, its answer will be the next occasion. */
  private isDue(ready: readonly Outcome[]): boolean {
    const { together = 1, size } = this.options;
    if (ready.length >= together || this.writing === 0 || this.failure) return ready.length > 0;
    // Where there is much to store of few, they are not more later.
    return ready.reduce((sum, outcome) => sum + size.of(outcome), 0) > size.atOnce / 2;
  }

  /** Results of the first chunks, up to the first that has none, and as many as may be stored at once. */
  private ready(): Outcome[] {
    const { of: sizeOf, atOnce } = this.options.size;
    const ready: Outcome[] = [];
    let size = 0;
    for (const { outcome } of this.slots) {
      if (outcome === undefined) break;
      size += sizeOf(outcome);
      if (size > atOnce && ready.length > 0) break;
      ready.push(outcome);
    }
    return ready;
  }

  private async until(condition: () => boolean): Promise<void> {
    while (!condition() && !(this.failure && this.isQuiet())) {
      await new Promise<void>((resolve) => this.changes.add(resolve));
    }
  }

  private isQuiet(): boolean {
    return this.writing === 0 && !this.committing;
  }

  private announce(): void {
    const waiting = [...this.changes];
    this.changes.clear();
    for (const resolve of waiting) resolve();
  }
}
