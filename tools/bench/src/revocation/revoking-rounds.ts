import { GatewayLine } from './gateway-line.ts';

/** A gateway that has not refused by then never will. */
const giveUpAfterMs = 30_000;

export interface RevokingTimes {
  /** Milliseconds from before the DELETE is sent until each gateway has answered its first refusal. */
  readonly untilRefused: readonly number[];
  /** Of each round the slowest gateway. */
  readonly untilAllRefuse: readonly number[];
  /** Milliseconds that the DELETE itself took. */
  readonly calls: readonly number[];
  /** Requests that were polled in all: how finely the times were seen. */
  readonly polls: number;
}

export interface RevokingPlace {
  readonly gatewayUrls: readonly string[];
  readonly ownerToken: string;
  readonly signal: AbortSignal;
}

/** Mints keys and revokes each at a random gateway, while every gateway is asked with it without a pause. */
export async function revokingRounds(place: RevokingPlace, rounds: number): Promise<RevokingTimes> {
  const { gatewayUrls, ownerToken, signal } = place;
  const pollers = gatewayUrls.map((url) => new GatewayLine(url));
  const administrators = gatewayUrls.map((url) => new GatewayLine(url));
  const times = { untilRefused: [] as number[], untilAllRefuse: [] as number[], calls: [] as number[], polls: 0 };
  try {
    for (let round = 0; round < rounds; round += 1) {
      signal.throwIfAborted();
      const administrator = administrators[Math.floor(Math.random() * administrators.length)] as GatewayLine;
      const { token, keyId } = await mint(administrator, ownerToken);
      await Promise.all(pollers.map((poller) => expectGood(poller, token)));
      const begun = performance.now();
      const polled = Promise.all(pollers.map((poller) => untilRefused(poller, token, begun)));
      // Reported where it is waited for.
      polled.catch(() => undefined);
      const { status, body } = await administrator.call('DELETE', `/v1/keys/${keyId}`, ownerToken);
      if (status !== 204) throw new Error(`DELETE of a key: ${status} ${body}`);
      times.calls.push(performance.now() - begun);
      const refusals = await polled;
      times.untilRefused.push(...refusals.map(({ ms }) => ms));
      times.untilAllRefuse.push(Math.max(...refusals.map(({ ms }) => ms)));
      times.polls += refusals.reduce((sum, { polls }) => sum + polls, 0);
    }
    return times;
  } finally {
    for (const line of [...pollers, ...administrators]) line.close();
  }
}

async function mint(line: GatewayLine, ownerToken: string): Promise<{ token: string; keyId: string }> {
  const { status, body } = await line.call('POST', '/v1/keys', ownerToken, {
    name: 'to be revoked',
    scopes: ['records:read:bench'],
  });
  if (status !== 201) throw new Error(`POST /v1/keys: ${status} ${body}`);
  const { token, key } = JSON.parse(body) as { token: string; key: { id: string } };
  return { token, keyId: key.id };
}

async function expectGood(line: GatewayLine, token: string): Promise<void> {
  const { status, body } = await line.call('GET', '/v1/auth/me', token);
  if (status !== 200) throw new Error(`a new key is refused: ${status} ${body}`);
}

async function untilRefused(line: GatewayLine, token: string, begun: number): Promise<{ ms: number; polls: number }> {
  for (let polls = 1; ; polls += 1) {
    const { status, body } = await line.call('GET', '/v1/auth/me', token);
    const ms = performance.now() - begun;
    if (status === 401 && body.includes('TOKEN_REVOKED')) return { ms, polls };
    if (status !== 200) throw new Error(`GET /v1/auth/me: ${status} ${body}`);
    if (ms > giveUpAfterMs) throw new Error(`a gateway accepts a revoked key after ${giveUpAfterMs} ms`);
  }
}
