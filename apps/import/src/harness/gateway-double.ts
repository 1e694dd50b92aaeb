import { randomUUID } from 'node:crypto';
import { busAudience, nowSeconds, tokenTypes } from '@keyport/access';
import { buckets } from '@keyport/contracts';
import { BusHealth, connectBus, openBucket, Requester } from '@keyport/messaging';
import type { NatsConnection } from '@nats-io/transport-node';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';

type Environment = Readonly<Record<string, string>>;

/** Speaks for callers as a gateway does: with the gateway's NATS user and contexts that it signs itself. */
export class GatewayDouble {
  readonly requester: Requester;

  private constructor(
    readonly connection: NatsConnection,
    private readonly kid: string,
    private readonly privateKey: CryptoKey,
    private readonly renewal: NodeJS.Timeout,
  ) {
    this.requester = new Requester(connection, 'gateway', new BusHealth(connection));
  }

  static async connect({ NATS_URL = '', NATS_USER, NATS_PASSWORD }: Environment): Promise<GatewayDouble> {
    const bus = { service: 'gateway', url: NATS_URL, user: NATS_USER, password: NATS_PASSWORD } as const;
    const connection = await connectBus(bus);
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const kid = `gateway-${randomUUID()}`;
    const bucket = await openBucket(connection, buckets.contextKeys);
    const entry = JSON.stringify({ jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256' } });
    await bucket.put(kid, entry);
    // The bucket forgets keys after two minutes; a restarting server is asked again the next time.
    const renewal = setInterval(() => void bucket.put(kid, entry).catch(() => undefined), 20_000);
    return new GatewayDouble(connection, kid, privateKey, renewal);
  }

  /** The authority of someone with these scopes. */
  caller(sub: string, scopes: readonly string[], jti = randomUUID()): Promise<string> {
    const iat = nowSeconds();
    return new SignJWT({ iss: 'https://keyport.test', sub, jti, scope: scopes.join(' ') })
      .setProtectedHeader({ kid: this.kid, typ: tokenTypes.context, alg: 'ES256' })
      .setAudience(busAudience)
      .setIssuedAt(iat)
      .setExpirationTime(iat + 60)
      .sign(this.privateKey);
  }

  close(): Promise<void> {
    clearInterval(this.renewal);
    return this.connection.close();
  }
}
