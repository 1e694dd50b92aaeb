const minute = 60_000;

/**
 * Failures of one account from one address: some are free, then each further attempt waits, twice as long as the one
 * before. Forgotten after a pause.
 */
export const pairPolicy = {
  freeFailures: 5,
  firstWaitMs: 1_000,
  longestWaitMs: 15 * minute,
  forgottenAfterMs: 15 * minute,
} as const;

/** Failures counted in a stretch of the clock: beyond the limit nothing is let through until the next begins. */
export interface WindowPolicy {
  readonly limit: number;
  readonly windowMs: number;
}

/** Of one address, over all accounts. */
export const addressPolicy: WindowPolicy = { limit: 50, windowMs: 15 * minute };
/** Of one account, over all addresses that have not signed in to it. */
export const accountPolicy: WindowPolicy = { limit: 100, windowMs: 60 * minute };

/** An address that signed in to an account is known to it for so long. */
export const knownForSeconds = 90 * 24 * 3600;

export interface PairState {
  readonly failures: number;
  /** No attempt before. */
  readonly nextAt: Date;
  readonly forgottenAt: Date;
}

export type Admission =
  | { readonly admitted: true; readonly counted: PairState }
  | { readonly admitted: false; readonly retryAfterMs: number };

/** Whether an attempt may be made now. It is counted as a failure at once, so that attempts at the same time wait too. */
export function admit(state: PairState | null, now: Date): Admission {
  const isFresh = !state || state.forgottenAt <= now;
  if (!isFresh && state.nextAt > now) return { admitted: false, retryAfterMs: state.nextAt.getTime() - now.getTime() };
  const failures = isFresh ? 1 : state.failures + 1;
  const nextAt = new Date(now.getTime() + waitAfter(failures));
  return {
    admitted: true,
    counted: { failures, nextAt, forgottenAt: new Date(nextAt.getTime() + pairPolicy.forgottenAfterMs) },
  };
}

/** Milliseconds to wait after so many failures. */
export function waitAfter(failures: number): number {
  const { freeFailures, firstWaitMs, longestWaitMs } = pairPolicy;
  return failures < freeFailures ? 0 : Math.min(longestWaitMs, firstWaitMs * 2 ** (failures - freeFailures));
}

/** The stretch that an instant lies in: the same for every process. */
export function windowAt(now: Date, { windowMs }: WindowPolicy): { readonly index: number; readonly endsAt: Date } {
  const index = Math.floor(now.getTime() / windowMs);
  return { index, endsAt: new Date((index + 1) * windowMs) };
}
