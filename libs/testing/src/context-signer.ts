import { randomUUID } from 'node:crypto';
import { accessClaims, authorityClaims, busAudience, identityOf, isUserId, tokenTypes } from '@keyport/access';
import { buckets, type AuthorizationDetail } from '@keyport/contracts';
import { putEntry } from '@keyport/messaging';
import type { NatsConnection } from '@nats-io/transport-node';
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import { until } from './until.ts';

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

const whether = [() => true, () => false] as const;

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
    const entry = JSON.stringify({ jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256' } });
    const put = () => putEntry(gateway, buckets.contextKeys, kid, entry);
    await until(() => put().then(...whether), 'the bucket of keys for contexts');
    // A server that is just being started again is told the next time.
    const renewal = setInterval(() => void put().catch(() => undefined), renewEveryMs);
    void gateway.closed().then(() => clearInterval(renewal));
    return new ContextSigner(kid, privateKey);
  }

  /** Good for a minute. A subject that looks like a user's id is taken for a user. */
  sign(who: Who): Promise<string> {
    // Read once: jose would look at the clock twice, and in one of some thousands give a second more than a minute.
    const now = Math.floor(Date.now() / 1000);
    const usr = who.sub !== undefined && isUserId(who.sub) ? { usr: who.sub } : {};
    return new SignJWT({ iss: 'http://127.0.0.1:3000', sub: 'user-1', jti: randomUUID(), ...usr, ...who })
      .setProtectedHeader({ kid: this.kid, typ: tokenTypes.context, alg: 'ES256' })
      .setAudience(busAudience)
      .setIssuedAt(now)
      .setExpirationTime(now + 60)
      .sign(this.key);
  }
}
