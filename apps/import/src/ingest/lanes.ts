import type { Failures } from './failures.ts';

/** The events of one subject, hence of one dataset: written in order. */
export interface Lane {
  readonly subject: string;
  isRunning: boolean;
  /** When it last had a place; 0 where it never had. */
  servedAt: number;
  /** Not tried again before. */
  notBefore: number;
  failures: Failures | undefined;
  /** Events that are written together: fewer for a while behind a failure, to find the one that is to blame. */
  together: number;
}

/** Datasets that are written at the same time; each has two megabytes of events in memory. */
const places = 16;

export const mostTogether = 1_000;

/** Which datasets have events, and whose turn it is. One that fails gives its place to the others. */
export class Lanes {
  private readonly lanes = new Map<string, Lane>();
  private running = 0;
  private waiting = 0;

  /** Some dataset with events finds no place. */
  get isCrowded(): boolean {
    return this.waiting > 0;
  }

  /** The subjects that have events now. */
  see(subjects: readonly string[]): void {
    for (const subject of subjects) {
      if (this.lanes.has(subject)) continue;
      this.lanes.set(subject, {
        subject,
        isRunning: false,
        servedAt: 0,
        notBefore: 0,
        failures: undefined,
        together: mostTogether,
      });
    }
    const seen = new Set(subjects);
    for (const lane of this.lanes.values()) {
      if (!lane.isRunning && !seen.has(lane.subject)) this.lanes.delete(lane.subject);
    }
  }

  /** Gives the free places to those that had none for longest. */
  begin(now: number): Lane[] {
    const due = [...this.lanes.values()].filter((lane) => !lane.isRunning && lane.notBefore <= now);
    due.sort((one, other) => one.servedAt - other.servedAt);
    const begun = due.slice(0, places - this.running);
    for (const lane of begun) lane.isRunning = true;
    this.running += begun.length;
    this.waiting = due.length - begun.length;
    return begun;
  }

  end(lane: Lane, now: number): void {
    lane.isRunning = false;
    lane.servedAt = now;
    this.running -= 1;
  }
}
