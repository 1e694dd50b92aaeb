import { isDeepStrictEqual } from 'node:util';
import { SharedWork } from '@keyport/access';
import { KeyportError } from '@keyport/contracts';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { AUTH_CONFIG, type AuthConfig } from '../config.ts';
import type { Issuer } from '../issuers/issuer.model.ts';
import { IssuersRepository } from '../issuers/issuers.repository.ts';
import { RightsProjection } from '../rights/rights-projection.ts';
import { AddressPolicy } from './address-policy.ts';
import { fetchKeySet } from './fetch-key-set.ts';
import { fetchedKeySet, givenKeySet } from './read-key-set.ts';

/** Milliseconds in which one who fetches a key set surely has done so, or never will. */
const claimMs = 10_000;
/** Seconds at most until an issuer that was down is asked again unasked. */
const againAfterSeconds = 60;

type KeysOfIssuer = Pick<Issuer, 'jwksUri' | 'keys' | 'fetchedAt' | 'problem' | 'fetchDueAt' | 'restsUntil'>;
interface AskedKeys {
  readonly jwks?: { readonly keys: readonly Record<string, unknown>[] } | undefined;
  readonly jwksUri?: string | undefined;
}

/**
 * The key sets of other issuers: fetched ahead of need and kept in MongoDB, so that nobody who verifies a token waits for
 * the issuer, and known keys go on while it is down.
 */
@Injectable()
export class KeySetsService {
  private readonly logger = new Logger(KeySetsService.name);
  private readonly fetching = new SharedWork<Issuer | null>();
  private readonly policy: AddressPolicy;

  constructor(
    private readonly issuers: IssuersRepository,
    private readonly rights: RightsProjection,
    @Inject(AUTH_CONFIG) private readonly config: AuthConfig,
  ) {
    this.policy = new AddressPolicy(config.KEYPORT_ISSUER_NETWORKS);
  }

  /** Whether this machine may be an issuer, by http: for development. */
  get isLocalAllowed(): boolean {
    return this.policy.admits('127.0.0.1', 'http:') || this.policy.admits('::1', 'http:');
  }

  /** Of an issuer that is being registered. Throws ISSUER_KEYS_UNAVAILABLE, PUBLIC_KEY_INVALID, ISSUER_INVALID. */
  async first({ jwks, jwksUri = '' }: AskedKeys): Promise<KeysOfIssuer> {
    const now = new Date();
    if (jwks) {
      const given = await givenKeySet(jwks.keys);
      return { jwksUri: null, ...given, keys: [...given.keys], fetchedAt: null, fetchDueAt: null, restsUntil: now };
    }
    const set = await fetchedKeySet(await fetchKeySet(jwksUri, { policy: this.policy }), { isFirst: true });
    if (set.keys.length === 0) {
      const reason = `none of its keys can be used${set.problem === null ? '' : ` (${set.problem})`}`;
      throw new KeyportError('ISSUER_KEYS_UNAVAILABLE', { reason });
    }
    return {
      jwksUri,
      ...set,
      ...{ keys: [...set.keys], fetchedAt: now, fetchDueAt: this.nextDue(now), restsUntil: this.restedAfter(now) },
    };
  }

  /**
   * Whether the issuer has such a key, fetching its key set where that is not known: once at a time, and not sooner than
   * it has rested, whoever asks. Resolves once the bus shows what was found.
   */
  async look(issuerId: string, kid: string): Promise<boolean> {
    const known = await this.issuers.find(issuerId);
    if (!known || hasKey(known, kid)) return known !== null;
    const fetched = await this.refresh(issuerId);
    return fetched !== null && hasKey(fetched, kid);
  }

  /** Fetches the key set unless somebody did a moment ago. Null where nobody did now. */
  refresh(issuerId: string): Promise<Issuer | null> {
    return this.fetching.share(issuerId, () => this.fetchAnew(issuerId));
  }

  private async fetchAnew(issuerId: string): Promise<Issuer | null> {
    const now = new Date();
    const claimed = await this.issuers.claimFetch(issuerId, now, new Date(now.getTime() + claimMs));
    if (!claimed) return null;
    const rest = { restsUntil: this.restedAfter(now) };
    const stored = await this.issuers.noteFetch(claimed, { ...(await this.outcomeOf(claimed, now)), ...rest });
    if (stored && !isDeepStrictEqual(stored.keys, claimed.keys)) await this.rights.showIssuer(issuerId);
    return stored;
  }

  /** Of an issuer that is down the keys that are known go on; one that answers without a key has none. */
  private async outcomeOf({ issuer, jwksUri }: Issuer, now: Date): Promise<Partial<Issuer>> {
    try {
      const set = await fetchedKeySet(await fetchKeySet(jwksUri ?? '', { policy: this.policy }), { isFirst: false });
      return { ...set, keys: [...set.keys], fetchedAt: now, fetchDueAt: this.nextDue(now) };
    } catch (error) {
      if (!(error instanceof KeyportError)) throw error;
      const problem = String(error.params.reason);
      this.logger.warn(`the key set of ${issuer} could not be fetched: ${problem}`);
      const seconds = Math.min(againAfterSeconds, this.config.KEYPORT_ISSUER_REFRESH_SECONDS);
      return { problem, fetchDueAt: secondsAfter(now, seconds) };
    }
  }

  private nextDue = (now: Date) => secondsAfter(now, this.config.KEYPORT_ISSUER_REFRESH_SECONDS);
  private restedAfter = (now: Date) => secondsAfter(now, this.config.KEYPORT_ISSUER_REST_SECONDS);
}

const hasKey = ({ keys }: Issuer, kid: string): boolean => keys.some((key) => key.kid === kid);
const secondsAfter = (instant: Date, seconds: number) => new Date(instant.getTime() + seconds * 1000);
