import { setTimeout as delay } from 'node:timers/promises';
import { KeyportError } from '@keyport/contracts';

const [shortestPauseMs, longestPauseMs] = [50, 1_000];

/** Repeats a task for as long as the spool is full, and at most for `waitMs`: then SPOOL_FULL is thrown. */
export async function whileFull<Result>(waitMs: number, task: () => Promise<Result>): Promise<Result> {
  const until = Date.now() + waitMs;
  for (let pauseMs = shortestPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return await task();
    } catch (error) {
      if (!isSpoolFull(error) || Date.now() + pauseMs > until) throw error;
    }
    await delay(pauseMs);
  }
}

export const isSpoolFull = (error: unknown): boolean => error instanceof KeyportError && error.code === 'SPOOL_FULL';
