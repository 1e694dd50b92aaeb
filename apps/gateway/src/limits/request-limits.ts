import { RightsView, type Identity } from '@keyport/access';
import { KeyportError, type UsageLimits } from '@keyport/contracts';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { bearerTokenOf } from '../access/bearer-token.ts';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config.ts';
import { addressGroup } from './address-group.ts';
import { RateLimiter } from './rate-limiter.ts';
import { anonymousRate, inspectionRate, rateOf, unauthenticatedRate } from './request-rates.ts';
import { Rate, type TokenBucket } from './token-bucket.ts';

/** Whose requests are counted together: a key's, a registered public key's, else a person's. */
export type Holder = Pick<Identity, 'issuer' | 'subject' | 'keyId' | 'publicKeyId' | 'ancestors'>;

/** How much may be asked of this gateway, counted in memory, before anything else is asked in the caller's name. */
@Injectable()
export class RequestLimits {
  private readonly holders = new RateLimiter();
  private readonly inspectors = new RateLimiter();
  private readonly visitors = new RateLimiter();
  private readonly strangers = new RateLimiter();
  /** A holder's own limits are one object until they change. */
  private readonly ownRates = new WeakMap<UsageLimits, Rate>();
  private readonly otherwise: Rate;
  private readonly unauthenticated: Rate;

  constructor(
    @Inject(GATEWAY_CONFIG) config: GatewayConfig,
    private readonly rights: RightsView,
  ) {
    this.otherwise = new Rate(config.KEYPORT_REQUESTS_PER_SECOND, config.KEYPORT_REQUESTS_BURST);
    this.unauthenticated = unauthenticatedRate(config.KEYPORT_UNAUTHENTICATED_PER_SECOND);
  }

  /** A request whose holder is known. Tells them what is left; throws RATE_LIMITED. */
  count(holder: Holder, reply: FastifyReply): void {
    const limits = this.ownLimitsOf(holder);
    const rate = limits === undefined ? this.otherwise : this.ownRateOf(limits);
    const { allowed, bucket } = this.holders.take(nameOf(holder), rate);
    void reply.header('ratelimit-limit', rate.limit);
    void reply.header('ratelimit-remaining', String(bucket.remaining));
    void reply.header('ratelimit-reset', String(bucket.fullInSeconds));
    void reply.header('ratelimit-policy', rate.policy);
    if (!allowed) throw refusal(rate, bucket);
    for (const ancestor of holder.ancestors) this.countThrough(ancestor);
  }

  /** Else a key with limits would have them as often as it mints keys. */
  private countThrough(ancestor: string): void {
    const limits = (this.rights.key(ancestor) ?? this.rights.publicKey(ancestor))?.limits;
    if (limits !== undefined) this.require(this.holders, ancestor, this.ownRateOf(limits));
  }

  /** A look into a token, beside being a request. */
  countInspection(holder: Holder): void {
    this.require(this.inspectors, nameOf(holder), inspectionRate);
  }

  /** A request that needs no token. Documents cost next to nothing; signing in and refreshing make work. */
  countVisit({ method, ip }: FastifyRequest): void {
    if (method === 'POST') this.require(this.visitors, addressGroup(ip), anonymousRate);
  }

  /** A request refused because nobody was recognised. */
  countStranger({ ip }: FastifyRequest): void {
    this.require(this.strangers, addressGroup(ip), this.unauthenticated);
  }

  /**
   * Before a token is verified: from an address that used up what it may ask unrecognised, only tokens that are known
   * already are let through, so that a flood of bad ones costs no more signature checks.
   */
  refuseFlood(request: FastifyRequest, isKnown: (token: string) => boolean): void {
    if (this.strangers.size === 0) return;
    const empty = this.strangers.emptyBucketOf(addressGroup(request.ip));
    if (empty && !isKnown(bearerTokenOf(request) ?? '')) throw refusal(this.unauthenticated, empty);
  }

  private require(limiter: RateLimiter, holder: string, rate: Rate): void {
    const { allowed, bucket } = limiter.take(holder, rate);
    if (!allowed) throw refusal(rate, bucket);
  }

  /** What is set now: a change holds from the next request on. */
  private ownLimitsOf({ keyId, publicKeyId }: Holder): UsageLimits | undefined {
    if (keyId !== undefined) return this.rights.key(keyId)?.limits;
    return publicKeyId === undefined ? undefined : this.rights.publicKey(publicKeyId)?.limits;
  }

  private ownRateOf(limits: UsageLimits): Rate {
    const known = this.ownRates.get(limits);
    if (known) return known;
    const rate = rateOf(limits, this.otherwise);
    this.ownRates.set(limits, rate);
    return rate;
  }
}

export const nameOf = ({ issuer, subject, keyId, publicKeyId }: Holder): string => {
  if (keyId !== undefined) return keyId;
  return publicKeyId ?? `${issuer}|${subject}`;
};

const refusal = (rate: Rate, bucket: TokenBucket): KeyportError =>
  new KeyportError('RATE_LIMITED', { limit: rate.perSecond, retryAfterSeconds: bucket.nextInSeconds });
