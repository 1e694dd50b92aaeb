import { KeyportError, type createClient, type RequestOf } from '@keyport/contracts';

type Asked = RequestOf<typeof createClient>;

/** How the client proves who it is: by keys where it has some, by a secret where nothing else is said. */
export function authenticationOf({ authentication, jwks }: Pick<Asked, 'authentication' | 'jwks'>) {
  const chosen = authentication ?? (jwks ? 'private_key_jwt' : 'client_secret');
  if (chosen === 'private_key_jwt' && !jwks) throw invalid('jwks', 'is needed to verify what the client signs');
  if (chosen !== 'private_key_jwt' && jwks) throw invalid('jwks', `goes with private_key_jwt, not with ${chosen}`);
  return chosen;
}

/** RFC 6749 §4.4: what a public client says of itself anybody may say, so it has no rights of its own. */
export function requireFittingGrants(grants: readonly string[], authentication: string): void {
  if (authentication === 'none' && grants.includes('client_credentials'))
    throw invalid('grants', 'client_credentials is not for a client that cannot prove who it is');
}

function invalid(path: string, message: string): KeyportError {
  return new KeyportError('VALIDATION_FAILED', {}, { errors: [{ path, code: 'invalid', message }] });
}
