import type { Holder, Identity, Rights, RightsSources } from '@keyport/access';
import type { FastifyRequest } from 'fastify';

/**
 * Who a verified access token speaks for. `scopes` and `details` are what it may do now, not what it says. The same
 * object stands for a token for as long as its rights are the same.
 */
export interface Principal extends Identity {
  /** Seconds since the epoch. */
  readonly exp: number;
  /** As in its {@link Holder}. */
  readonly boundTo: string | undefined;
  readonly sources: RightsSources;
}

export const principalOf = ({ identity, exp, boundTo }: Holder, { scopes, details, sources }: Rights): Principal => ({
  ...identity,
  scopes,
  details,
  sources,
  exp,
  boundTo,
});

/** A request that passed the access guard. */
export type AuthenticatedRequest = FastifyRequest & { user: Principal };
