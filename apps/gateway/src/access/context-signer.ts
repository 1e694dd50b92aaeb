import { authorityClaims, busAudience, maxContextLifetimeSeconds, nowSeconds, tokenTypes } from '@keyport/access';
import { buckets } from '@keyport/contracts';
import { BUS_CONNECTION, putEntry } from '@keyport/messaging';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { NatsConnection } from '@nats-io/transport-node';
import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import type { Principal } from './principal.ts';

/** Seconds for which a signed context is used again; services then still have half a minute to answer in its name. */
const reuseSeconds = 25;
/** The bucket forgets keys after two minutes (`contextKeys.ttlMs`). */
const renewEveryMs = 30_000;
/** Characters of effective scopes beyond which the token's own are sent: services cut them by the same views. */
const maxScopeCharacters = 6_000;

interface SignedContext {
  readonly context: Promise<string>;
  readonly until: number;
}

/**
 * Signs in whose name this gateway asks. The key pair lives in memory only; its public half is published on the bus,
 * where only gateways may write, so the user's own token never travels further than here.
 */
@Injectable()
export class ContextSigner implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly kid = `gateway-${randomUUID()}`;
  /** By the object that stands for a token with the rights it has now: with other rights comes another context. */
  private readonly signed = new WeakMap<Principal, SignedContext>();
  private privateKey: CryptoKey | undefined;
  private renewal: NodeJS.Timeout | undefined;
  private published = false;

  constructor(@Inject(BUS_CONNECTION) private readonly connection: NatsConnection) {}

  get isReady(): boolean {
    return this.published;
  }

  async onApplicationBootstrap(): Promise<void> {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    this.privateKey = privateKey;
    const jwk = { ...(await exportJWK(publicKey)), kid: this.kid, alg: 'ES256' };
    void this.keepPublished(JSON.stringify({ jwk }));
  }

  onApplicationShutdown(): void {
    clearTimeout(this.renewal);
  }

  contextOf(principal: Principal): Promise<string> {
    const now = nowSeconds();
    const known = this.signed.get(principal);
    if (known && known.until > now) return known.context;
    const context = this.sign(principal, now);
    this.signed.set(principal, { context, until: now + reuseSeconds });
    return context;
  }

  private async sign(principal: Principal, now: number): Promise<string> {
    if (!this.privateKey) throw new Error('The gateway has not started.');
    const { details } = principal;
    const claims = {
      ...authorityClaims(principal),
      jti: principal.tokenId,
      scope: scopeClaim(principal),
      ...(details && { authorization_details: details }),
    };
    return new SignJWT(claims)
      .setProtectedHeader({ kid: this.kid, typ: tokenTypes.context, alg: 'ES256' })
      .setAudience(busAudience)
      .setIssuedAt(now)
      .setExpirationTime(now + maxContextLifetimeSeconds)
      .sign(this.privateKey);
  }

  private async keepPublished(entry: string): Promise<void> {
    try {
      await putEntry(this.connection, buckets.contextKeys, this.kid, entry);
      this.published = true;
      this.renewal = setTimeout(() => void this.keepPublished(entry), renewEveryMs);
    } catch {
      // The bus is away, or its bucket is not made yet; without a published key no service would believe this gateway.
      this.renewal = setTimeout(() => void this.keepPublished(entry), 200);
    }
  }
}

function scopeClaim({ scopes, sources }: Principal): string {
  const effective = scopes.join(' ');
  return effective.length <= maxScopeCharacters ? effective : sources.token.join(' ');
}
