import { intersectScopes } from '@keyport/access';
import { scopesOfUser } from '../users/roles.ts';
import type { User } from '../users/user.model.ts';
import type { Session } from './session.model.ts';

/** How long an access token of a session lives. */
export const accessTokenSeconds = 600;

/** The session may end sooner, and its access tokens then do too. */
export const accessTokenLifetime = (sessionExpiresAt: Date, now: Date): number =>
  Math.max(1, Math.min(accessTokenSeconds, Math.floor((sessionExpiresAt.getTime() - now.getTime()) / 1000)));

/** What a token of the session may do at most: what the user may now, and what was asked for where it was for a client. */
export const sessionScopes = (
  { scopes }: Pick<Session, 'scopes'>,
  user: Pick<User, 'role' | 'scopes'>,
): readonly string[] => (scopes ? intersectScopes(scopes, scopesOfUser(user)) : scopesOfUser(user));
