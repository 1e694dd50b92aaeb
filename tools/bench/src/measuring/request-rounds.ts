import { askChild } from '../children/ask-child.ts';
import type { RequestRate } from '../children/request-rate.ts';
import type { KeyportSide } from '../sides/keyport-side.ts';
import { ProcessWatch, type ProcessFigures } from './process-watch.ts';
import type { Laboratory } from './rounds.ts';

export const connections = 50;
export const requestSeconds = 10;
const warmUpSeconds = 3;

export interface RequestRun extends RequestRate {
  readonly processes: Readonly<Record<string, ProcessFigures>>;
}

/** `GET /v1/auth/me`, as fast as it goes over `connections`; one answer other than 2xx is an error. */
export async function requestRounds(
  { signal, log, around }: Laboratory,
  keyport: KeyportSide,
  rounds: number,
): Promise<RequestRun[]> {
  const load = (seconds: number) =>
    askChild<RequestRate>('request-rate.ts', { ...keyport.meTarget(), connections, seconds }, signal);
  await load(warmUpSeconds);
  const runs: RequestRun[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const watch = await ProcessWatch.start(await keyport.processes());
    const rate = await around('me', () => load(requestSeconds));
    runs.push({ ...rate, processes: await watch.stop() });
    log(`me: ${Math.round(rate.requestsPerSecond)} requests/s`);
  }
  return runs;
}
