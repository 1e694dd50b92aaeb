import { askChild } from '../children/ask-child.ts';
import type { PacedLatency } from '../children/paced-latency.ts';
import type { KeyportSide } from '../sides/keyport-side.ts';
import { connections } from './request-rounds.ts';
import type { Laboratory } from './rounds.ts';

const secondsEach = 10;
/** Of what the gateway can do: a server that is asked for all of it makes callers wait for one another. */
const shareOfFull = 0.3;

export interface LatencyRun {
  readonly offeredPerSecond: number;
  /** A public route of the same gateway, and `GET /v1/auth/me`. */
  readonly open: PacedLatency;
  readonly authenticated: PacedLatency;
}

/** What authentication adds: the same gateway, asked at the same rate, in turns, with and without it. */
export async function latencyRounds(
  { signal, log, around }: Laboratory,
  keyport: KeyportSide,
  fullPerSecond: number,
  rounds: number,
): Promise<LatencyRun[]> {
  const offeredPerSecond = Math.max(100, Math.round((fullPerSecond * shareOfFull) / 100) * 100);
  const targets = [keyport.openTarget(), keyport.meTarget()];
  const runs: LatencyRun[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const load = { targets, connections, requestsPerSecond: offeredPerSecond, seconds: secondsEach };
    const [open, authenticated] = await around('latency', () =>
      askChild<[PacedLatency, PacedLatency]>('paced-latency.ts', load, signal),
    );
    runs.push({ offeredPerSecond, open, authenticated });
    const added = (name: 'p50Ms' | 'p99Ms') => (authenticated[name] - open[name]).toFixed(3);
    log(
      `latency at ${offeredPerSecond} requests/s: authentication adds ${added('p50Ms')} ms, p99 ${added('p99Ms')} ms`,
    );
  }
  return runs;
}
