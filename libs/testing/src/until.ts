import { setTimeout as delay } from 'node:timers/promises';

const betweenTriesMs = 20;

/** Asks until the answer is as wanted, and gives it; rejects, showing the last one, after `withinMs`. */
export async function eventually<Answer>(
  ask: () => Promise<Answer> | Answer,
  isWanted: (answer: Answer) => boolean,
  withinMs = 150_000,
): Promise<Answer> {
  for (const end = Date.now() + withinMs; ; await delay(betweenTriesMs)) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
    if (Date.now() > end)
      throw new Error(`waited ${withinMs} ms in vain; the last answer was ${JSON.stringify(answer)}`);
  }
}

/**
 * The least milliseconds that one of some tries took; the first below `enoughMs` is the last. A machine that stands still
 * for a moment spoils one try, not all.
 */
export async function quickest(enoughMs: number, attempt: () => Promise<number>): Promise<number> {
  let least = Infinity;
  for (let left = 6; left > 0 && least >= enoughMs; left -= 1) least = Math.min(least, await attempt());
  return least;
}

/** Resolves when the condition holds; rejects, naming it, after `withinMs`. */
export async function until(
  condition: () => Promise<boolean> | boolean,
  what: string,
  withinMs = 150_000,
): Promise<void> {
  for (const end = Date.now() + withinMs; !(await condition()); await delay(betweenTriesMs)) {
    if (Date.now() > end) throw new Error(`waited ${withinMs} ms in vain for ${what}`);
  }
}
