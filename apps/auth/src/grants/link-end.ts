import type { PublicKeyRights } from '@keyport/contracts';

export interface LinkBounds {
  readonly expiresInSeconds: number;
  /** End of the key that asks, or of one that it was minted through. */
  readonly keyEndsAt: Date | null;
  /** That the asking token was signed with. */
  readonly publicKey: Pick<PublicKeyRights, 'maxLifetimeSeconds' | 'expiresAt'> | undefined;
}

/** Seconds since the epoch. A link lives no longer than its maker's key, nor than a self-issued token may. */
export function linkEnd(iat: number, { expiresInSeconds, keyEndsAt, publicKey }: LinkBounds): number {
  return Math.min(
    iat + Math.min(expiresInSeconds, publicKey?.maxLifetimeSeconds ?? Infinity),
    keyEndsAt ? Math.floor(keyEndsAt.getTime() / 1000) : Infinity,
    publicKey?.expiresAt ?? Infinity,
  );
}
