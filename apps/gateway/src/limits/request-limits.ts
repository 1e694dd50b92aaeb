import { publicKeyBehind, RightsView, type Identity } from '@keyport/access';
import type { UsageLimits } from '@keyport/contracts';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { presentedTokenOf } from '../access/presented-token.ts';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config.ts';
import { addressGroup } from './address-group.ts';
import { RateLimiter } from './rate-limiter.ts';
import { refusalOfRate } from './rate-refusal.ts';
import { anonymousRate, inspectionRate, rateOf, unauthenticatedRate } from './request-rates.ts';
import { Rate } from './token-bucket.ts';

/** Whose requests are counted together: a key's, a registered public key's, else a person's; also of what they exchanged. */
export type Holder = Pick<Identity, 'issuer' | 'subject' | 'keyId' | 'publicKeyId' | 'ancestors' | 'origin'>;

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
    const name = nameOf(holder);
    const { allowed, bucket } = this.holders.take(name, rate);
    void reply.header('ratelimit-limit', rate.limit);
    void reply.header('ratelimit-remaining', String(bucket.remaining));
    void reply.header('ratelimit-reset', String(bucket.fullInSeconds));
    void reply.header('ratelimit-policy', rate.policy);
    if (!allowed) throw refusalOfRate(rate, bucket);
    for (const ancestor of holder.ancestors) if (ancestor !== name) this.countThrough(ancestor);
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
   * already are let through, so that a flood of bad ones costs no more signature checks. A token that is bound to a key costs
   * one each time, for its proof.
   */
  refuseFlood(request: FastifyRequest, isKnown: (token: string) => boolean): void {
    if (this.strangers.size === 0) return;
    const empty = this.strangers.emptyBucketOf(addressGroup(request.ip));
    if (!empty) return;
    const presented = presentedTokenOf(request);
    if (presented?.scheme === 'DPoP' || !isKnown(presented?.token ?? ''))
      throw refusalOfRate(this.unauthenticated, empty);
  }

  private require(limiter: RateLimiter, holder: string, rate: Rate): void {
    const { allowed, bucket } = limiter.take(holder, rate);
    if (!allowed) throw refusalOfRate(rate, bucket);
  }

  /** What is set now: a change holds from the next request on. */
  private ownLimitsOf(holder: Holder): UsageLimits | undefined {
    if (holder.keyId !== undefined) return this.rights.key(holder.keyId)?.limits;
    const publicKeyId = publicKeyBehind(holder);
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

export const nameOf = (holder: Holder): string =>
  holder.keyId ?? publicKeyBehind(holder) ?? `${holder.issuer}|${holder.subject}`;
