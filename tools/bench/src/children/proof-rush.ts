import { answer } from './answer.ts';
import { getRequest, KeepAliveLine } from './keep-alive-line.ts';
import type { RushResult } from './token-rush.ts';

/** One token, sent with each of these headers once, as fast as it goes: with proofs that were made before. */
export interface ProofRush {
  readonly url: string;
  readonly connections: number;
  readonly requests: readonly Readonly<Record<string, string>>[];
}

answer<ProofRush, RushResult>(async ({ url, connections, requests }) => {
  const lines = await Promise.all(Array.from({ length: connections }, () => KeepAliveLine.open(url)));
  const texts = requests.map((headers) => getRequest(url, headers))[Symbol.iterator]();
  const statuses: Record<string, number> = {};
  const began = performance.now();
  await Promise.all(
    lines.map(async (line) => {
      // All lines draw from the one iterator.
      for (let next = texts.next(); !next.done; next = texts.next()) {
        const status = await line.ask(next.value);
        statuses[status] = (statuses[status] ?? 0) + 1;
      }
    }),
  );
  const seconds = (performance.now() - began) / 1_000;
  for (const line of lines) line.close();
  return { seconds, statuses };
});
