import { KeyportError, type AuthorizationDetail, type DatasetAction, type FieldProblem } from '@keyport/contracts';
import type { GlobalAction, IssuerRights, Role } from '@keyport/contracts';
import { isExternal, registeredClientOf, type Identity } from './identity.ts';
import { limitsOn, type Limited } from './limits.ts';
import { intersectScopes, scopesAllow } from './rights.ts';
import type { RightsLookup } from './rights-view.ts';

/** What each source gives by itself. */
export interface RightsSources {
  /** What the token says. */
  readonly token: readonly string[];
  /** Ceiling of its key, registered public key or issuer, and of those it was made through; null where there is none below what the token says. */
  readonly key: readonly string[] | null;
  /** Ceiling of the OAuth 2 client that it was given to; null where there is none. */
  readonly client: readonly string[] | null;
  /** What its user may do now; null for what belongs to no user. */
  readonly owner: { readonly id: string; readonly role: Role; readonly scopes: readonly string[] } | null;
}

/** What a token may do now: what all its sources give. */
export interface Rights {
  readonly scopes: readonly string[];
  /** Rows and fields that dataset rights are narrowed to; undefined where they are not. */
  readonly details: readonly AuthorizationDetail[] | undefined;
  readonly sources: RightsSources;
}

/** Why a token that verified is good for nothing now. */
export class Refusal {
  constructor(
    readonly check: 'revocation' | 'owner' | 'key' | 'client' | 'issuer',
    readonly reason: string,
  ) {}
}

/**
 * Token ∩ ceilings of its key, its client and its issuer ∩ its user's rights; a {@link Refusal} where the user, the public
 * key, the client or the issuer may act no more.
 */
export function effectiveRights(identity: Identity, now: RightsLookup): Rights | Refusal {
  const { userId, publicKeyId, keyId, scopes: token, details } = identity;
  const publicKey = publicKeyId === undefined ? undefined : now.publicKey(publicKeyId);
  if (publicKeyId !== undefined && publicKey?.userId !== userId) {
    return new Refusal('key', 'the public key it verified with is registered no more');
  }
  // Of an exchanged token also those of the clients that it was exchanged through.
  const clients = [registeredClientOf(identity), ...(identity.origin?.clients ?? [])].filter((id) => id !== undefined);
  const clientCeilings = clients.map((id) => now.client(id)?.scopes);
  if (clientCeilings.includes(undefined)) return new Refusal('client', 'the client it was given to is gone');
  const clientCeiling = lowest(clientCeilings);
  const issuer = identity.issuerId === undefined ? undefined : now.issuer(identity.issuerId);
  if (identity.issuerId !== undefined && !(issuer && isTrusted(identity, issuer))) {
    return new Refusal('issuer', 'the issuer it came from is trusted no more');
  }
  const user = userId === undefined ? undefined : now.user(userId);
  if (userId !== undefined && (!user || user.disabled)) {
    return new Refusal('owner', 'the user it belongs to is disabled or gone');
  }
  const ceiling = lowest([
    publicKey?.scopes,
    issuer?.ceiling,
    // A key that was minted through another never does more than that one may now.
    ...[keyId, ...identity.ancestors].map((id) => (id === undefined ? undefined : now.key(id)?.scopes)),
  ]);
  const cut = lowest([ceiling, clientCeiling]);
  const capped = cut === undefined ? token : intersectScopes(token, cut);
  const scopes = user === undefined ? capped : intersectScopes(capped, user.scopes);
  const owner = user && userId !== undefined ? { id: userId, role: user.role, scopes: user.scopes } : null;
  return { scopes, details, sources: { token, key: ceiling ?? null, client: clientCeiling ?? null, owner } };
}

/** By its present name, and, of a token that was accepted as it is, still so. */
const isTrusted = (identity: Identity, { trust, issuer }: IssuerRights): boolean =>
  isExternal(identity) ? trust === 'direct' && issuer === identity.issuer : true;

/** What all ceilings give together; undefined where there is none. */
function lowest(ceilings: readonly (readonly string[] | undefined)[]): readonly string[] | undefined {
  return ceilings.reduce(
    (cut, ceiling) => (cut && ceiling ? intersectScopes(cut, ceiling) : (ceiling ?? cut)),
    undefined,
  );
}

type Held = Pick<Rights, 'scopes' | 'details'> & { readonly sources?: RightsSources | undefined };

/** True where a scope gives the action, and, on a dataset, a detail too where there are any. */
export function rightsAllow(
  { scopes, details }: Held,
  action: DatasetAction | GlobalAction,
  dataset?: string,
): boolean {
  if (!scopesAllow(scopes, action, dataset)) return false;
  return dataset === undefined || limitsOn(details, action as DatasetAction, dataset) !== 'none';
}

/** Which rows and fields the right reaches; `none` where it is not there at all. */
export function limitsOfRight({ scopes, details }: Held, action: DatasetAction, dataset: string): Limited {
  return scopesAllow(scopes, action, dataset) ? limitsOn(details, action, dataset) : 'none';
}

/** Throws INSUFFICIENT_SCOPE, naming the right and each source that does not give it. */
export function requireRight(held: Held, action: DatasetAction | GlobalAction, dataset?: string): void {
  if (rightsAllow(held, action, dataset)) return;
  const scope = dataset === undefined ? action : `${action}:${dataset}`;
  throw new KeyportError('INSUFFICIENT_SCOPE', { scope }, { errors: missingIn(held, scope, action, dataset) });
}

function missingIn(
  { scopes, details, sources }: Held,
  scope: string,
  action: DatasetAction | GlobalAction,
  dataset: string | undefined,
): FieldProblem[] {
  const lists = sources
    ? { scope: sources.token, ceiling: sources.key, client: sources.client, owner: sources.owner?.scopes }
    : { scope: scopes };
  const lacking = Object.entries(lists).filter(([, list]) => list && !scopesAllow(list, action, dataset));
  const problems = lacking.map(([path]) => ({ path, code: 'insufficient_scope', message: `does not give ${scope}` }));
  const isNarrowed = dataset !== undefined && limitsOn(details, action as DatasetAction, dataset) === 'none';
  if (!isNarrowed) return problems;
  return [...problems, { path: 'authorization_details', code: 'insufficient_scope', message: `none gives ${scope}` }];
}

/**
 * As {@link requireRight}, for what concerns a dataset as a whole, such as to delete it: not for who reaches some of its
 * rows or fields alone.
 */
export function requireWhole(held: Held, action: DatasetAction, dataset: string): void {
  requireRight(held, action, dataset);
  if (limitsOn(held.details, action, dataset) === 'all') return;
  const scope = `${action}:${dataset}`;
  const message = `gives ${scope} on some rows or fields only`;
  const errors = [{ path: 'authorization_details', code: 'insufficient_scope', message }];
  throw new KeyportError('INSUFFICIENT_SCOPE', { scope }, { errors });
}
