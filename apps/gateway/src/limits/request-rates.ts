import type { UsageLimits } from '@keyport/contracts';
import { Rate } from './token-bucket.ts';

/** Sign-ins and refreshes from one address: each sign-in costs an argon2id hash, which a person asks for rarely. */
export const anonymousRate = new Rate(50, 100);
/** Each inspection of a token may cost a signature check; people ask for it while they look for a fault. */
export const inspectionRate = new Rate(20, 40);

/**
 * DPoP proofs that are remembered of one person or program at one gateway: twice a second's worth at once. By default that
 * is a fifteenth of what the memory of proofs holds.
 */
export const proofRate = (perSecond: number): Rate => new Rate(perSecond, perSecond * 2);
/** Of all whom another issuer speaks for. */
export const issuerProofRate = (perSecond: number): Rate => proofRate(perSecond * 4);
/** Proofs with requests for tokens from one address: a device asks for one every ten minutes. */
export const tokenProofRate = new Rate(10, 50);
/** From all addresses: half of what the memory of such proofs holds, at one gateway. */
export const tokenProofRateInAll = new Rate(500, 1_000);

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
