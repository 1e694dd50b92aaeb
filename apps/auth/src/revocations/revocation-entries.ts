import { clockSkewSeconds, maxGrantLifetimeSeconds } from '@keyport/access';
import type { RevocationEntry } from '@keyport/contracts';
import type { Revocation } from './revocation.model.ts';

/**
 * Until when a revocation matters: as long as the token could be shown, and as long as a job could run on a grant that
 * was made from it before.
 */
export function revocationKeptUntil(tokenExpiresAt: Date, revokedAt: Date): Date {
  const tokenGone = tokenExpiresAt.getTime() + clockSkewSeconds * 1000;
  const grantsGone = revokedAt.getTime() + (maxGrantLifetimeSeconds + clockSkewSeconds) * 1000;
  return new Date(Math.max(tokenGone, grantsGone));
}

/** Seconds since the epoch of the first `iat` that is not before the instant. */
export const cutoffSeconds = (instant: Date): number => Math.ceil(instant.getTime() / 1000);

export type Cutoff = Pick<Revocation, 'before' | 'endsAt' | 'from'>;

/**
 * What KV shows for one key behind which several revocations stand: the latest cutoff of those that matter still, for as
 * long as one of them does; where none holds yet, the first that will. Undefined where none does or will.
 */
export function mergedEntry(revocations: readonly Cutoff[], now: Date): RevocationEntry | undefined {
  let holding: RevocationEntry | undefined;
  let coming: Cutoff | undefined;
  // Asked for each of a million keys: nothing is made for it but the result.
  for (const revocation of revocations) {
    const { endsAt, from } = revocation;
    if (endsAt && endsAt <= now) continue;
    if (from && from > now) coming = coming?.from && coming.from <= from ? coming : revocation;
    else holding = holding ? later(holding, entryOf(revocation)) : entryOf(revocation);
  }
  return holding ?? (coming?.from ? { ...entryOf(coming), from: cutoffSeconds(coming.from) } : undefined);
}

const entryOf = ({ before, endsAt }: Cutoff): RevocationEntry => ({
  before,
  expiresAt: endsAt && cutoffSeconds(endsAt),
});

const later = (one: RevocationEntry, other: RevocationEntry): RevocationEntry => ({
  before: greatest(one.before, other.before),
  expiresAt: greatest(one.expiresAt, other.expiresAt),
});

/** Null is later than any time. */
const greatest = (one: number | null, other: number | null) =>
  one === null || other === null ? null : Math.max(one, other);
