import { setTimeout as delay } from 'node:timers/promises';
import type { Import, ImportCounts } from '@keyport/contracts';
import type { KeyportClient } from '@keyport/testing';

const betweenReadsMs = 80;
/** A gateway that was killed while it asked says nothing any more. */
const patienceMs = 8_000;
/** What was counted before a kill may be read so long after it. */
const onTheWayMs = 300;

export interface Reading {
  readonly at: number;
  readonly read: number;
}

/** Reads an import all the while, from outside, and notes every time that its counts do not reconcile or went back. */
export class CountsWatch {
  readonly faults: unknown[] = [];
  readonly readings: Reading[] = [];
  last: Import | undefined;
  private stopped = false;
  private readonly loop: Promise<void>;

  constructor(
    private readonly client: KeyportClient,
    private readonly importId: string,
  ) {
    this.loop = this.follow();
  }

  get hasEnded(): boolean {
    return this.last !== undefined && this.last.finishedAt !== null;
  }

  get read(): number {
    return this.last?.counts.read ?? 0;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.loop;
  }

  /** Milliseconds that no more rows were counted, as far as can be seen from outside, after a kill. */
  stallMs(killedAt: number): number | undefined {
    const from = killedAt + onTheWayMs;
    const next = this.advances.find(({ at }) => at > from);
    const before = this.advances.findLast(({ at }) => at <= from);
    return next && next.at - Math.max(before?.at ?? 0, killedAt);
  }

  private get advances(): Reading[] {
    return this.readings.filter(({ read }, index) => read > (this.readings[index - 1]?.read ?? 0));
  }

  private async follow(): Promise<void> {
    while (!this.stopped && !this.hasEnded) {
      // Whoever is to answer may just have been killed.
      const seen = await this.look().catch(() => undefined);
      if (seen) this.note(seen);
      await delay(betweenReadsMs);
    }
  }

  private look(): Promise<Import> {
    const path = `/v1/imports/${this.importId}`;
    return Promise.race([
      this.client.ok<Import>(path),
      delay(patienceMs, undefined, { ref: false }).then(() => Promise.reject(new Error(`${path} was not answered`))),
    ]);
  }

  private note(seen: Import): void {
    const { counts } = seen;
    if (!reconciles(counts)) this.faults.push({ unbalanced: counts });
    const before = this.last?.counts;
    const names = Object.keys(counts) as (keyof ImportCounts)[];
    if (before && names.some((name) => counts[name] < before[name])) this.faults.push({ before, after: counts });
    this.last = seen;
    this.readings.push({ at: Date.now(), read: counts.read });
  }
}

export const reconciles = ({ read, inserted, updated, unchanged, deleted, rejected, skipped }: ImportCounts): boolean =>
  read === inserted + updated + unchanged + deleted + rejected + skipped;
