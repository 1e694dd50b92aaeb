import autocannon from 'autocannon';
import { answer } from './answer.ts';
import type { HttpTarget } from './http-target.ts';

export interface RequestRate {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

answer<HttpTarget & { connections: number; seconds: number }, RequestRate>(
  async ({ url, headers, connections, seconds }) => {
    const { requests, latency, errors, non2xx } = await autocannon({
      ...{ url, headers: { ...headers }, connections, duration: seconds },
    });
    if (errors + non2xx > 0) throw new Error(`GET ${url}: ${errors} errors and ${non2xx} answers other than 2xx`);
    return { requestsPerSecond: requests.average, p50Ms: latency.p50, p99Ms: latency.p99 };
  },
);
