import { setTimeout as delay } from 'node:timers/promises';
import { answer } from './answer.ts';
import type { HttpTarget } from './http-target.ts';
import { getRequest, KeepAliveLine } from './keep-alive-line.ts';

export interface PacedLoad {
  /** Asked in turns of one second, so that all meet the same machine. */
  readonly targets: readonly HttpTarget[];
  readonly connections: number;
  /** Offered, all connections together. */
  readonly requestsPerSecond: number;
  /** Of each target. */
  readonly seconds: number;
}

export interface PacedLatency {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** One target for one second: each connection asks, reads, and thinks for a random time before it asks again. */
async function turn(lines: readonly KeepAliveLine[], target: HttpTarget, thinkMs: number, millis: number[]) {
  const request = getRequest(target.url, target.headers);
  const end = performance.now() + 1_000;
  await Promise.all(
    lines.map(async (line) => {
      for (;;) {
        await delay(Math.random() * 2 * thinkMs);
        const sent = performance.now();
        if (sent > end) return;
        const status = await line.ask(request);
        if (status !== 200) throw new Error(`GET ${target.url}: ${status}`);
        millis.push(performance.now() - sent);
      }
    }),
  );
}

/** One latency a target, from sending the request to the end of the answer. */
answer<PacedLoad, PacedLatency[]>(async ({ targets, connections, requestsPerSecond, seconds }) => {
  const thinkMs = (connections / requestsPerSecond) * 1_000;
  const all = await Promise.all(
    targets.map(async ({ url }) => ({
      lines: await Promise.all(Array.from({ length: connections }, () => KeepAliveLine.open(url))),
      millis: [] as number[],
    })),
  );
  for (let second = 0; second <= seconds; second += 1) {
    for (const [index, target] of targets.entries()) {
      const { lines, millis } = all[index] as (typeof all)[number];
      // The first turn only warms up.
      await turn(lines, target, thinkMs, second === 0 ? [] : millis);
    }
  }
  for (const { lines } of all) for (const line of lines) line.close();
  return all.map(({ millis }) => {
    const sorted = Float64Array.from(millis).sort();
    const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] as number;
    return { requestsPerSecond: sorted.length / seconds, p50Ms: at(0.5), p99Ms: at(0.99) };
  });
});
