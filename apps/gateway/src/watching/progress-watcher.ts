import type { AsksOnBus } from '../access/bus-caller.ts';

/** What is told of one state of an import, made once for all who watch it. */
export interface ProgressEvent {
  readonly sequence: number;
  readonly text: string;
  readonly isLast: boolean;
}

/** One client that watches. Of what it did not take yet only the newest is kept: that says all that those before said. */
export class ProgressWatcher {
  private newest: ProgressEvent | undefined;
  private over = false;
  private wake: (() => void) | undefined;
  private readonly endings: ((isWhole: boolean) => void)[] = [];

  constructor(
    readonly token: string,
    /** With the rights that were last found good for this import. */
    public caller: AsksOnBus,
    /** Sequence of the last event that the client has. */
    private seen: number | undefined,
  ) {}

  get isOver(): boolean {
    return this.over;
  }

  tell(event: ProgressEvent): void {
    if (this.seen !== undefined && event.sequence <= this.seen) return;
    this.seen = event.sequence;
    this.newest = event;
    this.wake?.();
  }

  /** Nothing more is told, and what was not taken yet is not told either. */
  end({ isWhole = false } = {}): void {
    if (this.over) return;
    this.over = true;
    this.newest = undefined;
    this.wake?.();
    for (const ending of this.endings) ending(isWhole);
  }

  /** `isWhole`: the client took the last event. */
  onEnd(ending: (isWhole: boolean) => void): void {
    this.endings.push(ending);
  }

  /** The newest event that was not taken yet; undefined where there was none for so long, or at the end. */
  async next(withinMs: number): Promise<ProgressEvent | undefined> {
    if (!this.newest && !this.over) await this.change(withinMs);
    const event = this.newest;
    this.newest = undefined;
    return event;
  }

  private async change(withinMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      timer = setTimeout(resolve, withinMs);
    });
    clearTimeout(timer);
    this.wake = undefined;
  }
}
