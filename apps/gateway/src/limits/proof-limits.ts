import type { Identity } from '@keyport/access';
import { Inject, Injectable } from '@nestjs/common';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config.ts';
import { addressGroup } from './address-group.ts';
import { RateLimiter } from './rate-limiter.ts';
import { refusalOfRate } from './rate-refusal.ts';
import { issuerProofRate, proofRate, tokenProofRate, tokenProofRateInAll } from './request-rates.ts';
import type { Rate } from './token-bucket.ts';

type ProofHolder = Pick<Identity, 'issuer' | 'subject' | 'userId' | 'issuerId'>;

/** Takes back what was counted: the proof was shown before, and took no room. */
export type GiveBack = () => void;

/**
 * How many DPoP proofs are remembered for one holder, and for those who ask for tokens: each takes room in a memory that all
 * share. Whoever fills it would have everybody's bound tokens refused.
 */
@Injectable()
export class ProofLimits {
  private readonly holders = new RateLimiter();
  private readonly issuers = new RateLimiter();
  private readonly addresses = new RateLimiter();
  private readonly allAddresses = new RateLimiter();
  private readonly ofHolder: Rate;
  private readonly ofIssuer: Rate;

  constructor(@Inject(GATEWAY_CONFIG) { KEYPORT_PROOFS_PER_SECOND: perSecond }: GatewayConfig) {
    this.ofHolder = proofRate(perSecond);
    this.ofIssuer = issuerProofRate(perSecond);
  }

  /** A proof that came with a token. All keys and devices of a person count together. Throws RATE_LIMITED. */
  countShown({ issuer, subject, userId, issuerId }: ProofHolder): GiveBack {
    const own = take(this.holders, userId ?? `${issuer}|${subject}`, this.ofHolder);
    if (issuerId === undefined) return own;
    // Else another issuer would have them as often as it names people.
    return both(own, take(this.issuers, issuerId, this.ofIssuer));
  }

  /** A proof that came with a request for a token, of anybody. Throws RATE_LIMITED. */
  countAsked(ip: string): GiveBack {
    const own = take(this.addresses, addressGroup(ip), tokenProofRate);
    return both(own, take(this.allAddresses, '', tokenProofRateInAll));
  }
}

function take(limiter: RateLimiter, name: string, rate: Rate): GiveBack {
  const { allowed, bucket } = limiter.take(name, rate);
  if (!allowed) throw refusalOfRate(rate, bucket);
  return () => bucket.giveBack();
}

const both =
  (one: GiveBack, other: GiveBack): GiveBack =>
  () => {
    one();
    other();
  };
