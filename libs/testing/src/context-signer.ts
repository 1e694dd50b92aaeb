import { randomUUID } from 'node:crypto';
import { busAudience, tokenTypes } from '@keyport/access';
import { buckets } from '@keyport/contracts';
import { openBucket } from '@keyport/messaging';
import type { NatsConnection } from '@nats-io/transport-node';
import { decodeJwt, exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';

/** In whose name a request is sent; whatever is not told is that of a session of `user-1`. */
export interface Who {
  readonly iss?: string;
  readonly sub?: string;
  readonly jti?: string;
  readonly key?: string;
  readonly anc?: readonly string[];
  readonly scope: string;
}

/** Who holds this access token. */
export const whoHas = (token: string): Who => {
  const { iss, sub, jti, key, anc, scope } = decodeJwt<Record<string, never>>(token);
  return { iss, sub, jti, key, anc, scope } as unknown as Who;
};

/** Half of the time after which the bucket forgets a key. */
const renewEveryMs = buckets.contextKeys.ttlMs / 2;

/** Signs caller contexts as a gateway does, with a key of its own that every service knows. */
export class ContextSigner {
  private constructor(
    private readonly kid: string,
    private readonly key: CryptoKey,
  ) {}

  /** Publishes its key on a gateway's connection, again and again until it is closed. Waits for the bucket. */
  static async on(gateway: NatsConnection): Promise<ContextSigner> {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const kid = `gateway-${randomUUID()}`;
    const bucket = await openBucket(gateway, buckets.contextKeys);
    const entry = JSON.stringify({ jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256' } });
    await bucket.put(kid, entry);
    // A server that is just being started again is told the next time.
    const renewal = setInterval(() => void bucket.put(kid, entry).catch(() => undefined), renewEveryMs);
    void gateway.closed().then(() => clearInterval(renewal));
    return new ContextSigner(kid, privateKey);
  }

  /** Good for a minute. */
  sign(who: Who): Promise<string> {
    return new SignJWT({ iss: 'http://127.0.0.1:3000', sub: 'user-1', jti: randomUUID(), ...who })
      .setProtectedHeader({ kid: this.kid, typ: tokenTypes.context, alg: 'ES256' })
      .setAudience(busAudience)
      .setIssuedAt()
      .setExpirationTime('60s')
      .sign(this.key);
  }
}
