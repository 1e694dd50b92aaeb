import { askChild } from '../children/ask-child.ts';
import type { PacedLatency } from '../children/paced-latency.ts';
import type { CheckCost } from '../children/signature-checks.ts';
import type { RushResult, TokenRush } from '../children/token-rush.ts';
import type { KeyportSide } from '../sides/keyport-side.ts';
import { SelfIssuedTokens } from '../sides/self-issued-tokens.ts';
import { ProcessWatch } from './process-watch.ts';
import { connections } from './request-rounds.ts';
import type { Laboratory } from './rounds.ts';

/** Distinct tokens of a round; together less than a gateway remembers (50,000). */
const tokensEach = 10_000;
const floodSeconds = 10;
/** Of the caller who goes on with a good token while the flood runs. */
const callerConnections = 8;
const callerPerSecond = 200;

interface Rush {
  readonly perSecond: number;
  /** CPU time of the gateway for one request. */
  readonly cpuMicros: number;
}

export interface TokenRun {
  /** Valid tokens that the gateway has never seen, and the same ones again. */
  readonly first: Rush;
  readonly again: Rush;
  /** CPU time of one signature check and nothing else. */
  readonly checkMicros: number;
  readonly flood: {
    /** Distinct invalid tokens that were refused. */
    readonly refusedPerSecond: number;
    /** Of a caller with a known token, before and during the flood. */
    readonly before: PacedLatency;
    readonly during: PacedLatency;
    /** The tokens known before, sent again after the flood: as fast as known ones, or as slow as new ones. */
    readonly after: Rush;
  };
}

/** What a token costs when it is first seen, and what a flood of bad ones does to good ones. */
export async function tokenRounds(lab: Laboratory, keyport: KeyportSide, rounds: number): Promise<TokenRun[]> {
  const signer = await SelfIssuedTokens.register(keyport.stack.client);
  const runs: TokenRun[] = [];
  for (let round = 1; round <= rounds; round += 1) runs.push(await tokenRound(lab, keyport, signer));
  return runs;
}

async function tokenRound(lab: Laboratory, keyport: KeyportSide, signer: SelfIssuedTokens): Promise<TokenRun> {
  const { signal, log, around } = lab;
  const tokens = await signer.make(tokensEach);
  const check = { jwk: signer.jwk, tokens: tokens.slice(0, 2_000), atOnce: connections };
  const { cpuMicros: checkMicros } = await askChild<CheckCost>('signature-checks.ts', check, signal);
  const first = await around('first sight', () => rush(lab, keyport, tokens));
  const again = await rush(lab, keyport, tokens);
  const before = await callerLatency(lab, keyport);
  const flooding = { ...rushOn(keyport), forged: { from: tokens[0] as string, seconds: floodSeconds + 2 } };
  const [flood, during] = await around('flood', () =>
    Promise.all([askChild<RushResult>('token-rush.ts', flooding, signal), callerLatency(lab, keyport)]),
  );
  const refused = refusedOf(flood);
  const after = await rush(lab, keyport, tokens);
  const refusedPerSecond = refused / flood.seconds;
  log(
    `tokens: ${first.perSecond.toFixed(0)}/s first seen, ${again.perSecond.toFixed(0)}/s known; ` +
      `${refusedPerSecond.toFixed(0)}/s bad ones refused meanwhile p99 ${during.p99Ms.toFixed(1)} ms; ` +
      `${after.perSecond.toFixed(0)}/s known after`,
  );
  return { first, again, checkMicros, flood: { refusedPerSecond, before, during, after } };
}

const rushOn = (keyport: KeyportSide): TokenRush => ({ url: keyport.meTarget().url, connections });

/** Each token once, all accepted. */
async function rush({ signal }: Laboratory, keyport: KeyportSide, tokens: readonly string[]): Promise<Rush> {
  const { gateway } = await keyport.processes();
  const watch = await ProcessWatch.start({ gateway: gateway ?? [] });
  const load: TokenRush = { ...rushOn(keyport), tokens };
  const { seconds, statuses } = await askChild<RushResult>('token-rush.ts', load, signal);
  const cpuSeconds = (await watch.stop()).gateway?.cpuSeconds ?? 0;
  if (statuses[200] !== tokens.length) throw new Error(`valid tokens were answered ${JSON.stringify(statuses)}`);
  return { perSecond: tokens.length / seconds, cpuMicros: (cpuSeconds * 1e6) / tokens.length };
}

/** How many were refused for what they are; any other answer is an error. */
function refusedOf({ statuses }: RushResult): number {
  const { 401: refused = 0, ...others } = statuses;
  if (Object.keys(others).length > 0) throw new Error(`invalid tokens were answered ${JSON.stringify(statuses)}`);
  return refused;
}

async function callerLatency({ signal }: Laboratory, keyport: KeyportSide): Promise<PacedLatency> {
  const load = {
    ...{ targets: [keyport.meTarget()], connections: callerConnections },
    ...{ requestsPerSecond: callerPerSecond, seconds: floodSeconds },
  };
  const [latency] = await askChild<PacedLatency[]>('paced-latency.ts', load, signal);
  return latency as PacedLatency;
}
