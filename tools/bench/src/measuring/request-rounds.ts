import { askChild } from '../children/ask-child.ts';
import type { HttpTarget } from '../children/http-target.ts';
import type { Load, RequestRate } from '../children/request-rate.ts';
import type { Comparisons } from '../sides/comparisons.ts';
import type { KeyportSide } from '../sides/keyport-side.ts';
import { ProcessWatch, type Pids, type ProcessFigures } from './process-watch.ts';
import type { Laboratory } from './rounds.ts';

export const connections = 64;
export const requestSeconds = 10;
const warmUpSeconds = 3;

export interface RequestRun extends RequestRate {
  /** Microseconds of CPU time that the server's process took for one request. */
  readonly cpuMicros: number;
  readonly processes: Readonly<Record<string, ProcessFigures>>;
}

/** `GET /v1/auth/me` of each server, round by round. A profile has Keyport's alone. */
export type RequestRuns = Readonly<Record<RequestSide, readonly RequestRun[]>>;
export type RequestSide = 'keyport' | 'fastify' | 'classical';

interface MeasuredServer {
  readonly side: RequestSide;
  readonly target: HttpTarget;
  /** Name of the process that answers, among the watched ones. */
  readonly process: string;
  readonly pids: () => Promise<Pids>;
}

/** As fast as it goes over `connections`; one answer other than 2xx is an error. */
export async function requestRounds(
  lab: Laboratory,
  keyport: KeyportSide,
  others: Comparisons | undefined,
  rounds: number,
): Promise<RequestRuns> {
  const { signal, log, around } = lab;
  const servers = serversOf(keyport, others);
  const load = ({ side, target }: MeasuredServer, seconds: number) => {
    // The classical server asks mongod for each answer, on the core that the generator would poll on.
    const generator: Load = { connections, seconds, polls: side !== 'classical' };
    return askChild<RequestRate>('request-rate.ts', { ...target, ...generator }, signal);
  };
  for (const server of servers) await load(server, warmUpSeconds);
  const runs = { keyport: [] as RequestRun[], fastify: [] as RequestRun[], classical: [] as RequestRun[] };
  for (let round = 1; round <= rounds; round += 1) {
    for (const server of servers) {
      const watch = await ProcessWatch.start(await server.pids());
      const rate = await around('me', () => load(server, requestSeconds));
      const processes = await watch.stop();
      const requests = rate.requestsPerSecond * requestSeconds;
      const cpuMicros = ((processes[server.process]?.cpuSeconds ?? 0) * 1e6) / requests;
      runs[server.side].push({ ...rate, cpuMicros, processes });
      log(`me, ${server.side}: ${Math.round(rate.requestsPerSecond)} requests/s, ${cpuMicros.toFixed(0)} µs CPU each`);
    }
  }
  return runs;
}

function serversOf(keyport: KeyportSide, others: Comparisons | undefined): MeasuredServer[] {
  const gateway = {
    ...({ side: 'keyport', target: keyport.meTarget(), process: 'gateway' } as const),
    pids: () => keyport.processes(),
  };
  if (!others) return [gateway];
  const compared = (['fastify', 'classical'] as const).map((side) => {
    const { name, target, pid } = others[side];
    return { side, target, process: name, pids: async () => ({ [name]: [pid] }) };
  });
  return [gateway, ...compared];
}
