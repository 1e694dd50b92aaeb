import { scopeIsHeld, scopesOf } from '@keyport/access';
import { KeyportError } from '@keyport/contracts';

/**
 * What a request that says `scope` is given of what may be given (RFC 6749 §3.3): that and no more, or all where it says
 * nothing. Throws OAUTH_SCOPE_INVALID naming the first scope that does not exist or is not held.
 */
export function requestedScopes(asked: string | undefined, held: readonly string[]): readonly string[] {
  if (asked === undefined) return held;
  const scopes = [...new Set(scopesOf(asked))];
  const lacking = scopes.find((scope) => !scopeIsHeld(scope, held));
  if (lacking !== undefined) throw new KeyportError('OAUTH_SCOPE_INVALID', { scope: lacking });
  return scopes;
}
