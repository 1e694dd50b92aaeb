import { setTimeout as delay } from 'node:timers/promises';
import type { KeyportClient, Reply } from './keyport-client.ts';

const betweenTriesMs = 20;

/** What tests look at of a problem body (RFC 9457). */
export interface Problem {
  readonly code?: string;
  readonly detail?: string;
  readonly errors?: readonly { readonly path: string; readonly code: string; readonly message: string }[];
}

/** The status, and the code of a refusal behind it. */
export const outcomeOf = ({ status, body }: Reply<Problem>): readonly (number | string)[] =>
  body.code === undefined ? [status] : [status, body.code];

/** Where the request is wrong, in the order in which the reply names it; undefined where it names nothing. */
export const faultyPathsOf = ({ body }: Reply<Problem>): readonly string[] | undefined =>
  body.errors?.map(({ path }) => path);

/** What one try counts for at most: a machine, or a process, that stands still meanwhile is not what is measured. */
const longestTryMs = 100;

/** The answer once it is as wanted; rejects after a second of tries, in which every change of rights must hold. */
export async function withinASecond<Answer>(
  ask: () => Promise<Answer>,
  isWanted: (answer: Answer) => boolean,
): Promise<Answer> {
  for (let spentMs = 0; ;) {
    const began = Date.now();
    const answer = await ask();
    if (isWanted(answer)) return answer;
    if (spentMs > 1_000) throw new Error(`not within a second; the last answer was ${JSON.stringify(answer)}`);
    await delay(betweenTriesMs);
    spentMs += Math.min(Date.now() - began, longestTryMs);
  }
}

/** The reply that refuses the client's token; rejects where that is good after a second. */
export const refusedWithinASecond = (client: KeyportClient): Promise<Reply<Problem>> =>
  withinASecond(
    () => client.request<Problem>('/v1/auth/me'),
    ({ status }) => status === 401,
  );
