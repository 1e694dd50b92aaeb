import { scopeIsHeld, type CallerIdentity } from '@keyport/access';
import { KeyportError } from '@keyport/contracts';

export const defaultKeySeconds = 90 * 24 * 3600;

/** The `anc` claim holds so many. */
const maxAncestors = 4;

/** Throws SCOPE_NOT_HELD naming the first scope that the maker of a key does not have. */
export function requireHeld(scopes: readonly string[], held: readonly string[]): void {
  const lacking = scopes.find((scope) => !scopeIsHeld(scope, held));
  if (lacking !== undefined) throw new KeyportError('SCOPE_NOT_HELD', { scope: lacking });
}

/**
 * Seconds that a key may live. A key minted through a key ends with it at the latest, whatever was asked for; the reply
 * says when. Throws KEY_LIFETIME_TOO_LONG.
 */
export function keyLifetime(asked: number | undefined, maximumSeconds: number, makerSecondsLeft: number): number {
  if (asked !== undefined && asked > maximumSeconds)
    throw new KeyportError('KEY_LIFETIME_TOO_LONG', { maximumSeconds });
  return Math.min(asked ?? Math.min(defaultKeySeconds, maximumSeconds), makerSecondsLeft);
}

/** The tokens whose revocation ends a key that this caller mints. Throws KEY_CHAIN_TOO_LONG. */
export function ancestorsThrough({
  keyId,
  tokenId,
  ancestors,
}: Pick<CallerIdentity, 'keyId' | 'tokenId' | 'ancestors'>): readonly string[] {
  // A person's session ends within minutes; what they make with it stays.
  const chain = keyId === undefined ? ancestors : [tokenId, ...ancestors];
  if (chain.length > maxAncestors) throw new KeyportError('KEY_CHAIN_TOO_LONG', { maximum: maxAncestors });
  return chain;
}
