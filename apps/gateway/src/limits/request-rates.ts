import type { UsageLimits } from '@keyport/contracts';
import { Rate } from './token-bucket.ts';

/** Sign-ins and refreshes from one address: each sign-in costs an argon2id hash, which a person asks for rarely. */
export const anonymousRate = new Rate(50, 100);
/** Each inspection of a token may cost a signature check; people ask for it while they look for a fault. */
export const inspectionRate = new Rate(20, 40);

/** Requests without a good token from one address: twice a second's worth at once. */
export const unauthenticatedRate = (perSecond: number): Rate => new Rate(perSecond, perSecond * 2);

/**
 * What limits of its own make of the deployment's rate. Without a burst of its own a holder may spend a second's worth at
 * once: the deployment's burst, meant for runaways, would make nothing of a low limit.
 */
export function rateOf({ requestsPerSecond, burst }: UsageLimits, otherwise: Rate): Rate {
  if (requestsPerSecond === undefined) return burst === undefined ? otherwise : new Rate(otherwise.perSecond, burst);
  return new Rate(requestsPerSecond, burst ?? requestsPerSecond);
}
