import { clockSkewSeconds, maxGrantLifetimeSeconds } from '@keyport/access';
import type { RevocationEntry } from '@keyport/contracts';

export interface Revoked {
  /** Key id. */
  readonly _id: string;
  /** `jti` of the key's token. */
  readonly tokenId: string;
  readonly revokedAt: Date;
  readonly revocationKeptUntil: Date;
}

/**
 * Until when a revocation matters: as long as the token could be shown, and as long as a job could run on a grant that
 * was made from it before.
 */
export function revocationKeptUntil(tokenExpiresAt: Date, revokedAt: Date): Date {
  const tokenGone = tokenExpiresAt.getTime() + clockSkewSeconds * 1000;
  const grantsGone = revokedAt.getTime() + (maxGrantLifetimeSeconds + clockSkewSeconds) * 1000;
  return new Date(Math.max(tokenGone, grantsGone));
}

/** Entries of the projection for one revoked key: the key itself, and its token as an ancestor of keys minted with it. */
export function revocationEntries({
  _id,
  tokenId,
  revokedAt,
  revocationKeptUntil: keptUntil,
}: Revoked): [key: string, entry: RevocationEntry][] {
  const entry = { revokedAt: seconds(revokedAt), expiresAt: seconds(keptUntil) };
  return [
    [`key.${_id}`, entry],
    [`jti.${tokenId}`, entry],
  ];
}

const seconds = (instant: Date) => Math.floor(instant.getTime() / 1000);
