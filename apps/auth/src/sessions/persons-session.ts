import type { Identity } from '@keyport/access';
import { KeyportError } from '@keyport/contracts';
import { keyportClientId } from '../clients/client-authentication.service.ts';

/** A person who signed in to Keyport themselves: no key, no client that they signed in for, nothing made through either. */
export function isPersonsSession(identity: Identity): identity is Identity & { sessionId: string; userId: string } {
  const { sessionId, userId, keyId, clientId, publicKeyId, ancestors } = identity;
  const isMade = keyId !== undefined || publicKeyId !== undefined || ancestors.length > 0;
  return sessionId !== undefined && userId !== undefined && clientId === keyportClientId && !isMade;
}

/** Throws SESSION_NEEDED. */
export function requirePerson(
  identity: Identity,
): asserts identity is Identity & { sessionId: string; userId: string } {
  if (!isPersonsSession(identity)) throw new KeyportError('SESSION_NEEDED');
}
