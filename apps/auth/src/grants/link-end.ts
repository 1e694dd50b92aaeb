import type { IssuerRights, PublicKeyRights } from '@keyport/contracts';

export interface LinkBounds {
  readonly expiresInSeconds: number;
  /** End of the key that asks, or of one that it was minted through. */
  readonly keyEndsAt: Date | null;
  /** That the asking token was signed with. */
  readonly publicKey: Pick<PublicKeyRights, 'maxLifetimeSeconds' | 'expiresAt'> | undefined;
  /** That the asking token came from. */
  readonly issuer?: Pick<IssuerRights, 'maxLifetimeSeconds'> | undefined;
}

/** Seconds since the epoch. A link lives no longer than its maker's key, nor than a token that others sign may. */
export function linkEnd(iat: number, { expiresInSeconds, keyEndsAt, publicKey, issuer }: LinkBounds): number {
  return Math.min(
    iat + Math.min(expiresInSeconds, publicKey?.maxLifetimeSeconds ?? Infinity, issuer?.maxLifetimeSeconds ?? Infinity),
    keyEndsAt ? Math.floor(keyEndsAt.getTime() / 1000) : Infinity,
    publicKey?.expiresAt ?? Infinity,
  );
}
