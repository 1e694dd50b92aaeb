import { generateKeyPairSync, randomUUID, type JsonWebKey } from 'node:crypto';
import type { KeyportClient } from '@keyport/testing';
import { SignJWT } from 'jose';

/** As long as measuring may take. */
const lifetimeSeconds = 3600;

interface Registered {
  readonly kid: string;
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
}

/** Signs tokens with a public key that is registered at Keyport: as many as are wanted, without asking anybody. */
export class SelfIssuedTokens {
  private readonly registered: Registered;
  private readonly privateKey: ReturnType<typeof generateKeyPairSync>['privateKey'];
  readonly jwk: JsonWebKey;

  private constructor(registered: Registered, privateKey: SelfIssuedTokens['privateKey'], jwk: JsonWebKey) {
    this.registered = registered;
    this.privateKey = privateKey;
    this.jwk = jwk;
  }

  static async register(owner: KeyportClient): Promise<SelfIssuedTokens> {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = { ...publicKey.export({ format: 'jwk' }), alg: 'ES256' };
    const json = { name: 'bench', jwk, scopes: ['records:read:bench-*'], maxLifetimeSeconds: lifetimeSeconds };
    const registered = await owner.ok<Registered>('/v1/public-keys', { method: 'POST', json });
    return new SelfIssuedTokens(registered, privateKey, jwk);
  }

  /** No two are alike. */
  make(count: number): Promise<string[]> {
    const { kid, issuer, subject, audience } = this.registered;
    const one = () =>
      new SignJWT({ scope: 'records:read:bench-*' })
        .setProtectedHeader({ kid, typ: 'at+jwt', alg: 'ES256' })
        .setIssuer(issuer)
        .setSubject(subject)
        .setAudience(audience)
        .setJti(randomUUID())
        .setIssuedAt()
        .setExpirationTime(`${lifetimeSeconds}s`)
        .sign(this.privateKey);
    return Promise.all(Array.from({ length: count }, one));
  }
}
