import { intersectScopes, scopeIsHeld, type Caller } from '@keyport/access';
import { deploymentResources, KeyportError, type Role } from '@keyport/contracts';
import { requireHeld } from '../keys/key-rules.ts';
import { scopesOfRole, scopesOfUser } from './roles.ts';
import type { User } from './user.model.ts';

/** What decides a user's rights. */
export type UserRights = Pick<User, 'role' | 'scopes' | 'disabled'>;

export interface AskedChange {
  readonly role?: Role | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly disabled?: boolean | undefined;
  readonly password?: string | undefined;
}

const beyondDatasets = deploymentResources.map((resource) => `${resource}:*`);

/**
 * What a caller may give to users. A token that is narrowed to rows and fields gives nothing on datasets, since a user's
 * scopes cannot be narrowed so.
 */
export const grantableScopes = ({ scopes, details }: Pick<Caller, 'scopes' | 'details'>): readonly string[] =>
  details === undefined ? scopes : intersectScopes(scopes, beyondDatasets);

/** What is stored of a new user's rights: nobody is given more than their maker has. */
export function newRights(
  { role, scopes }: { readonly role: Role; readonly scopes?: readonly string[] | undefined },
  held: readonly string[],
): Pick<User, 'role' | 'scopes'> {
  requireOfMember(role, scopes);
  const rights = { role, scopes: [...new Set(scopes)] };
  requireHeld(scopesOfUser(rights), held);
  return rights;
}

/**
 * Owners are touched by owners alone and admins by who has all that an admin has, whatever is done to them. Throws
 * SCOPE_NOT_HELD.
 */
export function requireMayTouch({ role }: Pick<User, 'role'>, held: readonly string[]): void {
  if (role !== 'member') requireHeld(scopesOfRole[role], held);
}

/**
 * What is stored of a user's rights after a change. The caller must hold whatever the user gains; all of it where they
 * set the password or enable the user, since then they could sign in as them. Throws SCOPE_NOT_HELD, or
 * VALIDATION_FAILED for scopes of one who is no member.
 */
export function changedRights(user: UserRights, asked: AskedChange, held: readonly string[]): UserRights {
  requireMayTouch(user, held);
  const after = rightsAfter(user, asked);
  const couldBecomeThem = asked.password !== undefined || (user.disabled && !after.disabled);
  const before = couldBecomeThem ? [] : scopesOfUser(user);
  const gained = scopesOfUser(after).filter((scope) => !scopeIsHeld(scope, before));
  requireHeld(gained, held);
  return after;
}

function rightsAfter(
  user: UserRights,
  { role = user.role, scopes, disabled = user.disabled }: AskedChange,
): UserRights {
  requireOfMember(role, scopes);
  // Who stops being a member loses their own scopes, so that they do not come back one day.
  const kept = role === 'member' ? user.scopes : [];
  return { role, scopes: [...new Set(scopes ?? kept)], disabled };
}

function requireOfMember(role: Role, scopes: readonly string[] | undefined): void {
  if (role === 'member' || scopes === undefined) return;
  const message = `an ${role} has the scopes of the role; only a member has scopes of their own`;
  throw new KeyportError('VALIDATION_FAILED', {}, { errors: [{ path: 'scopes', code: 'not_allowed', message }] });
}

/** An owner who can sign in. One must always be left. */
export const isStandingOwner = ({ role, disabled }: UserRights): boolean => role === 'owner' && !disabled;
