import { randomUUID } from 'node:crypto';
import { accessClaims, authorityClaims, busAudience, identityOf, isUserId, tokenTypes } from '@keyport/access';
import { buckets, type AuthorizationDetail } from '@keyport/contracts';
import { openBucket } from '@keyport/messaging';
import type { NatsConnection } from '@nats-io/transport-node';
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';

/** In whose name a request is sent, as the claims of a context; whatever is not told is that of a session of `user-1`. */
export interface Who {
  readonly iss?: string;
  readonly sub?: string;
  readonly jti?: string;
  readonly key?: string;
  readonly sid?: string;
  readonly pk?: string;
  readonly usr?: string;
  readonly cid?: string;
  readonly anc?: readonly string[];
  /** The token's own `iat`; now unless told. */
  readonly tiat?: number;
  readonly tkid?: string;
  readonly scope: string;
  readonly authorization_details?: readonly AuthorizationDetail[];
}

/** Who holds this access token of the deployment. */
export function whoHas(token: string): Who {
  const { kid = '' } = decodeProtectedHeader(token);
  const claims = accessClaims.parse(decodeJwt(token));
  const { jti, scope, authorization_details: details } = claims;
  return {
    ...(authorityClaims(identityOf(claims, kid)) as Partial<Who>),
    jti,
    scope,
    ...(details && { authorization_details: details }),
  };
}

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

  /** Good for a minute. A subject that looks like a user's id is taken for a user. */
  sign(who: Who): Promise<string> {
    const usr = who.sub !== undefined && isUserId(who.sub) ? { usr: who.sub } : {};
    return new SignJWT({ iss: 'http://127.0.0.1:3000', sub: 'user-1', jti: randomUUID(), ...usr, ...who })
      .setProtectedHeader({ kid: this.kid, typ: tokenTypes.context, alg: 'ES256' })
      .setAudience(busAudience)
      .setIssuedAt()
      .setExpirationTime('60s')
      .sign(this.key);
  }
}
