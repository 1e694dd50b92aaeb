import { setTimeout as delay } from 'node:timers/promises';
import { until, type TestStack } from '@keyport/testing';
import type { CountsWatch } from './counts-watch.ts';
import type { PlannedKill, Victim } from './kill-plan.ts';

export interface Kill {
  readonly victim: Victim;
  readonly place: number | undefined;
  readonly at: number;
  /** Rows counted at the time. */
  readonly read: number;
}

export interface Killing {
  readonly stack: TestStack;
  readonly watch: Pick<CountsWatch, 'hasEnded' | 'read'>;
  readonly rows: number;
  /** Nobody is killed behind this, so that a slow machine comes to an end too. */
  readonly killUntil?: number;
  readonly onKill?: (victim: Victim) => void;
}

/** Kills by plan for as long as the import runs, and resolves once all who died have been replaced. */
export async function killAsPlanned(
  plan: readonly PlannedKill[],
  { stack, watch, rows, killUntil = Infinity, onKill }: Killing,
): Promise<Kill[]> {
  const kills: Kill[] = [];
  const replaced: Promise<void>[] = [];
  for (const { victim, place, atShare, waitMs } of plan) {
    const isOver = () => watch.hasEnded || Date.now() > killUntil;
    await until(() => isOver() || watch.read >= atShare * rows, `${atShare} of the rows`, 300_000);
    await delay(waitMs);
    if (isOver()) break;
    onKill?.(victim);
    kills.push({ victim, place, at: Date.now(), read: watch.read });
    replaced.push(place === undefined ? stack.kill(victim) : stack.killOne(victim, place));
  }
  await Promise.all(replaced);
  return kills;
}

/** Kills that met a running import, by the time it says it ended. */
export const metRunning = (kills: readonly Kill[], finishedAt: string | null): Kill[] =>
  kills.filter(({ at }) => finishedAt === null || at < Date.parse(finishedAt));
