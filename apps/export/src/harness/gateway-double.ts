import { randomUUID } from 'node:crypto';
import { busAudience, nowSeconds, tokenTypes } from '@keyport/access';
import { buckets } from '@keyport/contracts';
import { BusHealth, connectBus, openBucket, Requester } from '@keyport/messaging';
import type { KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';

type Environment = Readonly<Record<string, string>>;

/** Speaks for callers as a gateway does: with the gateway's NATS user and contexts that it signs itself. */
export class GatewayDouble {
  readonly requester: Requester;

  private constructor(
    readonly connection: NatsConnection,
    private readonly contextKeys: KV,
    private readonly jwk: JWK & { readonly kid: string },
    private readonly privateKey: CryptoKey,
  ) {
    this.requester = new Requester(connection, 'gateway', new BusHealth(connection));
  }

  static async connect({ NATS_URL = '', NATS_USER, NATS_PASSWORD }: Environment): Promise<GatewayDouble> {
    const bus = { service: 'gateway', url: NATS_URL, user: NATS_USER, password: NATS_PASSWORD } as const;
    const connection = await connectBus(bus);
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const jwk = { ...(await exportJWK(publicKey)), kid: `gateway-${randomUUID()}`, alg: 'ES256' };
    return new GatewayDouble(connection, await openBucket(connection, buckets.contextKeys), jwk, privateKey);
  }

  /** The authority of someone with these scopes, good for a minute. */
  async caller(sub: string, scopes: readonly string[], jti: string = randomUUID()): Promise<string> {
    // The bucket forgets a key after two minutes.
    await this.contextKeys.put(this.jwk.kid, JSON.stringify({ jwk: this.jwk }));
    const iat = nowSeconds();
    return new SignJWT({ iss: 'https://keyport.test', sub, jti, scope: scopes.join(' ') })
      .setProtectedHeader({ kid: this.jwk.kid, typ: tokenTypes.context, alg: 'ES256' })
      .setAudience(busAudience)
      .setIssuedAt(iat)
      .setExpirationTime(iat + 60)
      .sign(this.privateKey);
  }

  close(): Promise<void> {
    return this.connection.close();
  }
}
