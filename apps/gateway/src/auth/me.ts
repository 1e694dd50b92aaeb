import { isExternal, registeredClientOf, scopeIsHeld } from '@keyport/access';
import type { meSchema } from '@keyport/contracts';
import type { z } from 'zod';
import type { Principal } from '../access/principal.ts';

type Me = z.output<typeof meSchema>;

/** What a token is told of itself: who it is, what it may do now, and which source gives what. */
export function meOf(principal: Principal): Me {
  const { scopes, details, sources } = principal;
  return {
    subject: principal.subject,
    issuer: principal.issuer,
    kind: kindOf(principal),
    scopes: [...scopes],
    authorizationDetails: details ? [...details] : null,
    rights: scopes.map((scope) => ({
      scope,
      from: {
        token: giverOf(scope, sources.token) ?? scope,
        key: sources.key && (giverOf(scope, sources.key) ?? null),
        client: sources.client && (giverOf(scope, sources.client) ?? null),
        owner: sources.owner && (giverOf(scope, sources.owner.scopes) ?? null),
      },
    })),
    sources: {
      token: [...sources.token],
      key: sources.key && [...sources.key],
      client: sources.client && [...sources.client],
      owner: sources.owner && { ...sources.owner, scopes: [...sources.owner.scopes] },
    },
    issuedAt: instantOf(principal.issuedAt),
    expiresAt: instantOf(principal.exp),
    tokenId: principal.tokenId,
    key: principal.keyId ?? null,
    client: registeredClientOf(principal) ?? null,
  };
}

function kindOf(principal: Principal): Me['kind'] {
  const { publicKeyId, keyId, subject, clientId, origin } = principal;
  if (isExternal(principal)) return 'external';
  if (origin) return 'exchanged';
  if (publicKeyId !== undefined) return 'self-issued';
  if (keyId !== undefined) return 'key';
  return subject === clientId ? 'client' : 'session';
}

const giverOf = (scope: string, list: readonly string[]): string | undefined =>
  list.find((candidate) => scopeIsHeld(scope, [candidate]));

const instantOf = (seconds: number): string => new Date(seconds * 1000).toISOString();
