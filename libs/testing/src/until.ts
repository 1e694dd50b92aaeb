import { setTimeout as delay } from 'node:timers/promises';

const betweenTriesMs = 20;

/** Asks until the answer is as wanted, and gives it; rejects, showing the last one, after `withinMs`. */
export async function eventually<Answer>(
  ask: () => Promise<Answer> | Answer,
  isWanted: (answer: Answer) => boolean,
  withinMs = 50_000,
): Promise<Answer> {
  for (const end = Date.now() + withinMs; ; await delay(betweenTriesMs)) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
    if (Date.now() > end)
      throw new Error(`waited ${withinMs} ms in vain; the last answer was ${JSON.stringify(answer)}`);
  }
}

/** Resolves when the condition holds; rejects, naming it, after `withinMs`. */
export async function until(
  condition: () => Promise<boolean> | boolean,
  what: string,
  withinMs = 60_000,
): Promise<void> {
  for (const end = Date.now() + withinMs; !(await condition()); await delay(betweenTriesMs)) {
    if (Date.now() > end) throw new Error(`waited ${withinMs} ms in vain for ${what}`);
  }
}
