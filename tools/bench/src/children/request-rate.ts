import autocannon from 'autocannon';
import { answer } from './answer.ts';
import type { HttpTarget } from './http-target.ts';

export interface RequestRate {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Load {
  readonly connections: number;
  readonly seconds: number;
  /**
   * Whether the generator polls for answers instead of sleeping until one comes. A server's write has to wake a sleeper:
   * measured, up to 8 µs of the server's own time for each answer, and none where the generator is busy anyway. It takes
   * a core for itself, which a server that works with another process needs.
   */
  readonly polls: boolean;
}

const poll = (): void => void setImmediate(poll);

answer<HttpTarget & Load, RequestRate>(async ({ url, headers, connections, seconds, polls }) => {
  if (polls) poll();
  const { requests, latency, errors, non2xx } = await autocannon({
    ...{ url, headers: { ...headers }, connections, duration: seconds },
  });
  if (errors + non2xx > 0) throw new Error(`GET ${url}: ${errors} errors and ${non2xx} answers other than 2xx`);
  return { requestsPerSecond: requests.average, p50Ms: latency.p50, p99Ms: latency.p99 };
});
