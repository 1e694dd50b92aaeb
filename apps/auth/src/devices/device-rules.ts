import type { DeviceAuthorization } from './device-authorization.model.ts';

/** Time for a person to find their phone and sign in. */
export const codeSeconds = 600;
/** Seconds between two polls (RFC 8628 §3.2), and by how many more each that comes too soon puts them apart (§3.5). */
export const firstIntervalSeconds = 5;
export const slowDownSeconds = 5;
/** An ended one is remembered for so long, so that the device is told why it gets nothing. */
export const rememberedMs = 3_600_000;
/** Two polls may arrive so much closer together than they were sent. */
const toleranceMs = 500;

export type PollOutcome = 'pending' | 'slow_down' | 'expired' | 'denied' | 'approved' | 'redeemed';

type Polled = Pick<DeviceAuthorization, 'state' | 'expiresAt' | 'polledAt' | 'intervalSeconds'>;

/** What a device is told that asks now; `polledAt` is when it asked before. */
export function judgePoll({ state, expiresAt, polledAt, intervalSeconds }: Polled, now: Date): PollOutcome {
  if (state === 'redeemed') return 'redeemed';
  if (expiresAt <= now) return 'expired';
  if (state !== 'pending') return state;
  const isSoon = polledAt !== null && now.getTime() - polledAt.getTime() < intervalSeconds * 1000 - toleranceMs;
  return isSoon ? 'slow_down' : 'pending';
}
