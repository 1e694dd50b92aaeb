import {
  limitsContain,
  maxAccessLifetimeSeconds,
  narrowDetails,
  registeredClientOf,
  scopeIsHeld,
  type Identity,
} from '@keyport/access';
import { datasetResources, KeyportError, type AuthorizationDetail } from '@keyport/contracts';
import type { Key } from './key.model.ts';

export const defaultKeySeconds = 90 * 24 * 3600;

/** The `anc` claim holds so many. */
const maxAncestors = 4;

type Details = readonly AuthorizationDetail[] | undefined;

/** Throws SCOPE_NOT_HELD naming the first scope that the maker of a key does not have. */
export function requireHeld(scopes: readonly string[], held: readonly string[]): void {
  const lacking = scopes.find((scope) => !scopeIsHeld(scope, held));
  if (lacking !== undefined) throw new KeyportError('SCOPE_NOT_HELD', { scope: lacking });
}

/** Details of a key that is made with a token that has some. Throws SCOPE_NOT_HELD where nothing of both is left. */
export function detailsThrough(held: Details, asked: Details): Details {
  const details = narrowDetails(held, asked);
  if (details?.length !== 0) return details;
  throw new KeyportError('SCOPE_NOT_HELD', { scope: asked?.[0]?.actions[0] ?? 'authorization_details' });
}

/** Throws SCOPE_NOT_HELD unless the holder of `held` surely reaches all that `details` reach. */
export function requireDetailsHeld(details: Details, held: Details): void {
  if (held === undefined) return;
  const lacking = details === undefined ? '*' : details.flatMap((detail) => rightNotHeld(detail, held) ?? [])[0];
  if (lacking !== undefined) throw new KeyportError('SCOPE_NOT_HELD', { scope: lacking });
}

/** Throws SCOPE_NOT_HELD for a right on datasets where details narrow them. */
export function requireUnnarrowed(scopes: readonly string[], details: Details): void {
  const narrowed = details && scopes.find((scope) => scope === '*' || isOfDataset(scope));
  if (narrowed !== undefined) throw new KeyportError('SCOPE_NOT_HELD', { scope: narrowed });
}

const isOfDataset = (scope: string) => (datasetResources as readonly string[]).includes(scope.split(':')[0] ?? '');

/** A right that the detail gives, on rows or fields that none of the held ones gives it for. */
function rightNotHeld(detail: AuthorizationDetail, held: readonly AuthorizationDetail[]): string | undefined {
  return rightsOf(detail).find(
    (right) => !held.some((other) => scopeIsHeld(right, rightsOf(other)) && limitsContain([other], [detail])),
  );
}

const rightsOf = ({ actions, datasets }: AuthorizationDetail): string[] =>
  actions.flatMap((action) => datasets.map((dataset) => `${action}:${dataset}`));

/** The scopes of a new ceiling that the old one does not give. */
export const raisedScopes = (ceiling: readonly string[], before: readonly string[]): readonly string[] =>
  ceiling.filter((scope) => !scopeIsHeld(scope, before));

export interface KeyPolicy {
  readonly maximumSeconds: number;
  readonly mayNeverExpire: boolean;
}

/**
 * Seconds that a key is given; null for no end. 90 days unless told, or the maximum where that is less. Throws
 * KEY_LIFETIME_TOO_LONG, and KEY_EXPIRY_NEEDED for a key without an end where the policy wants one.
 */
export function grantedLifetime(asked: number | 'never' | undefined, policy: KeyPolicy): number | null {
  const { maximumSeconds, mayNeverExpire } = policy;
  if (asked === 'never') {
    if (!mayNeverExpire) throw new KeyportError('KEY_EXPIRY_NEEDED');
    return null;
  }
  if (asked !== undefined && asked > maximumSeconds)
    throw new KeyportError('KEY_LIFETIME_TOO_LONG', { maximumSeconds });
  return asked ?? Math.min(defaultKeySeconds, maximumSeconds);
}

/**
 * Seconds that a token lives: what it is given, or ten years where it has no end, and not beyond what it is minted
 * through. Throws TOKEN_REVOKED where nothing is left of that.
 */
export function boundedLifetime(lifetimeSeconds: number | null, endsAt: Date | null, nowMs = Date.now()): number {
  const secondsLeft = endsAt ? Math.floor(endsAt.getTime() / 1000) - Math.floor(nowMs / 1000) : Infinity;
  if (secondsLeft <= 0) throw new KeyportError('TOKEN_REVOKED');
  return Math.min(lifetimeSeconds ?? maxAccessLifetimeSeconds, secondsLeft);
}

/** Throws KEY_ENDED for a key that is revoked or has expired. */
export function standing(key: Key): Key {
  if (key.revokedAt || key.expiresAt <= new Date()) throw new KeyportError('KEY_ENDED', { keyId: key._id });
  return key;
}

/** What the revocation of a key that this caller mints follows, nearest first. Throws KEY_CHAIN_TOO_LONG. */
export function ancestorsThrough({
  keyId,
  publicKeyId,
  ancestors,
}: Pick<Identity, 'keyId' | 'publicKeyId' | 'ancestors'>): readonly string[] {
  // A person's session ends within minutes; what they make with it stays. A key is named itself and not its token, so
  // that what was minted through it lives on when the token is replaced.
  const maker = keyId ?? publicKeyId;
  const chain = maker === undefined ? ancestors : [maker, ...ancestors];
  if (chain.length > maxAncestors) throw new KeyportError('KEY_CHAIN_TOO_LONG', { maximum: maxAncestors });
  return chain;
}

/**
 * What was exchanged ends with what it was exchanged from, and a token of another issuer with that issuer; what they made
 * might not. Throws TOKEN_EXCHANGED for one that would make keys, or whatever else tokens are got with.
 */
export function requireMayMakeTokens({ origin, issuerId }: Pick<Identity, 'origin' | 'issuerId'>): void {
  if (origin || issuerId !== undefined) throw new KeyportError('TOKEN_EXCHANGED');
}

/** What a client, such as a device, made in the name of its person would live on without it. Throws SESSION_NEEDED. */
export function requireNoClient(identity: Pick<Identity, 'clientId' | 'publicKeyId'>): void {
  if (registeredClientOf(identity) !== undefined) throw new KeyportError('SESSION_NEEDED');
}

/** A key can replace its own token and those of keys minted through it, a person's session those of all their keys. */
export function requireMayRotate(
  key: { readonly _id: string; readonly ancestors: readonly string[] },
  { keyId, publicKeyId }: Pick<Identity, 'keyId' | 'publicKeyId'>,
): void {
  const maker = keyId ?? publicKeyId;
  // Else a stolen key could take another one's token, and live on in it after it was revoked.
  if (maker !== undefined && maker !== key._id && !key.ancestors.includes(maker))
    throw new KeyportError('SESSION_NEEDED');
}
