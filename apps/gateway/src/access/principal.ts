import { scopesOf, type AccessClaims, type Revocable } from '@keyport/access';
import type { FastifyRequest } from 'fastify';

/** Who a verified access token speaks for. */
export interface Principal extends Revocable {
  readonly issuer: string;
  readonly subject: string;
  readonly scopes: readonly string[];
  /** Seconds since the epoch. */
  readonly exp: number;
}

export const principalOf = (claims: AccessClaims): Principal => ({
  issuer: claims.iss,
  subject: claims.sub,
  tokenId: claims.jti,
  keyId: claims.key,
  ancestors: claims.anc,
  scopes: scopesOf(claims.scope),
  exp: claims.exp,
});

/** A request that passed the access guard. */
export type AuthenticatedRequest = FastifyRequest & { user: Principal };
