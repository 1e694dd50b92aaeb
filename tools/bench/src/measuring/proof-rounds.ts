import { askChild } from '../children/ask-child.ts';
import type { ProofRush } from '../children/proof-rush.ts';
import type { RushResult } from '../children/token-rush.ts';
import { BoundClient } from '../sides/bound-client.ts';
import type { KeyportSide } from '../sides/keyport-side.ts';
import { ProcessWatch } from './process-watch.ts';
import { connections } from './request-rounds.ts';
import type { Laboratory } from './rounds.ts';

/** Made ahead of time, and good for a minute: a machine that answers 100 a second is fast enough. */
export const requestsEach = 5_000;
const warmUpRequests = 1_000;

export interface ProofSide {
  readonly perSecond: number;
  /** CPU time of the gateway, and of nats-server, for one request. */
  readonly gatewayMicros: number;
  readonly natsMicros: number;
}

export interface ProofRun {
  readonly bearer: ProofSide;
  readonly dpop: ProofSide;
}

/** `GET /v1/auth/me` by one client: with a token that is bound to nothing, and with a bound one and a proof each time. */
export async function proofRounds(lab: Laboratory, keyport: KeyportSide, rounds: number): Promise<ProofRun[]> {
  const client = await BoundClient.register(keyport.stack.client);
  const { url } = keyport.meTarget();
  const bearer = async (count: number) => rush(lab, keyport, await client.plainRequests(count));
  const dpop = async (count: number) => rush(lab, keyport, await client.provenRequests(url, count));
  for (const side of [bearer, dpop]) await side(warmUpRequests);
  const runs: ProofRun[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const run = { bearer: await bearer(requestsEach), dpop: await dpop(requestsEach) };
    runs.push(run);
    lab.log(
      `proofs: ${run.dpop.perSecond.toFixed(0)} requests/s with one each, ${run.bearer.perSecond.toFixed(0)} without`,
    );
  }
  return runs;
}

async function rush(
  { signal, around }: Laboratory,
  keyport: KeyportSide,
  requests: ProofRush['requests'],
): Promise<ProofSide> {
  const { gateway = [], nats = [] } = await keyport.processes();
  const watch = await ProcessWatch.start({ gateway, nats });
  const load: ProofRush = { url: keyport.meTarget().url, connections, requests };
  const { seconds, statuses } = await around('proofs', () => askChild<RushResult>('proof-rush.ts', load, signal));
  const processes = await watch.stop();
  if (statuses[200] !== requests.length) throw new Error(`good requests were answered ${JSON.stringify(statuses)}`);
  const micros = (name: string) => ((processes[name]?.cpuSeconds ?? 0) * 1e6) / requests.length;
  return { perSecond: requests.length / seconds, gatewayMicros: micros('gateway'), natsMicros: micros('nats') };
}
