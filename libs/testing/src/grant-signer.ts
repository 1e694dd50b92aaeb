import { randomUUID } from 'node:crypto';
import { busAudience, revocationKey, tokenTypes } from '@keyport/access';
import { buckets, type RevocationEntry } from '@keyport/contracts';
import { openBucket } from '@keyport/messaging';
import type { NatsConnection } from '@nats-io/transport-node';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import type { Who } from './context-signer.ts';

/** Signs grants for jobs and revokes tokens as auth does, where auth itself does not run. */
export class GrantSigner {
  private constructor(
    private readonly auth: NatsConnection,
    private readonly kid: string,
    private readonly key: CryptoKey,
  ) {}

  /** Publishes its key on auth's connection; the bucket must be there. */
  static async on(auth: NatsConnection): Promise<GrantSigner> {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const kid = `keyport-${randomUUID()}`;
    const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'ES256' };
    await (await openBucket(auth, buckets.jwks)).put(kid, JSON.stringify({ jwk, issuers: [] }));
    return new GrantSigner(auth, kid, privateKey);
  }

  /** For the job that was started with the token `tokenId`; good for an hour. Other claims as in a context. */
  sign(jobId: string, { tokenId, ...who }: Omit<Who, 'jti'> & { readonly tokenId: string }): Promise<string> {
    return new SignJWT({ iss: 'http://127.0.0.1:3000', sub: 'user-1', ...who, jti: jobId, src: tokenId })
      .setProtectedHeader({ kid: this.kid, typ: tokenTypes.grant, alg: 'ES256' })
      .setAudience(busAudience)
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(this.key);
  }

  revoke(tokenId: string): Promise<void> {
    return revokeToken(this.auth, tokenId);
  }
}

/** Tells every service by auth's connection that the token was revoked; each sees it a moment later. */
export async function revokeToken(auth: NatsConnection, tokenId: string): Promise<void> {
  const revocations = await openBucket(auth, buckets.revocations);
  const entry: RevocationEntry = { before: null, expiresAt: null };
  await revocations.put(revocationKey({ level: 'jti', jti: tokenId }), JSON.stringify(entry));
}
