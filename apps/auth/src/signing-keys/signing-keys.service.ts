import { Inject, Injectable, Logger } from '@nestjs/common';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, SignJWT, type CryptoKey, type JWK } from 'jose';
import { AUTH_CONFIG, type AuthConfig } from '../config.ts';
import { Sealer } from './sealer.ts';
import type { PublicSigningJwk, SigningKey } from './signing-key.model.ts';
import { SigningKeysRepository } from './signing-keys.repository.ts';

const alg = 'ES256';

/** Holds the key that signs Keyport's tokens, and signs with it. */
@Injectable()
export class SigningKeysService {
  private readonly logger = new Logger(SigningKeysService.name);
  private signer: { readonly kid: string; readonly issuers: readonly string[]; readonly key: CryptoKey } | undefined;

  constructor(
    private readonly keys: SigningKeysRepository,
    private readonly sealer: Sealer,
    @Inject(AUTH_CONFIG) private readonly config: AuthConfig,
  ) {}

  /** Takes the stored key, or makes the first one. */
  async load(): Promise<void> {
    const issuer = this.config.KEYPORT_PUBLIC_URL;
    let current = await this.keys.currentFor(issuer);
    if (!current) {
      const made = await this.make(issuer);
      if (await this.keys.insertCurrent(made)) this.logger.log(`made the signing key ${made._id}`);
      current = await this.keys.currentFor(issuer);
    }
    if (!current) throw new Error('the signing key was deleted while this process started');
    const { _id: kid, sealedPrivateJwk, issuers } = current;
    const jwk = JSON.parse(this.sealer.open(sealedPrivateJwk, `signing key ${kid}`)) as JWK;
    this.signer = { kid, issuers, key: (await importJWK(jwk, alg)) as CryptoKey };
  }

  /** Compact JWS. The header's order makes every Keyport token begin alike, for secret scanners. */
  sign(typ: string, claims: Record<string, unknown>): Promise<string> {
    const { kid, key } = this.loaded();
    return new SignJWT(claims).setProtectedHeader({ kid, typ, alg }).sign(key);
  }

  /** True for every `iss` that this deployment has signed under. */
  isOwnIssuer(issuer: string): boolean {
    return this.loaded().issuers.includes(issuer);
  }

  private loaded() {
    if (!this.signer) throw new Error('no signing key is loaded');
    return this.signer;
  }

  private async make(issuer: string): Promise<SigningKey> {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const publicHalf = await exportJWK(publicKey);
    const kid = `keyport-${(await calculateJwkThumbprint(publicHalf)).slice(0, 22)}`;
    const publicJwk = { kid, ...publicHalf, alg, use: 'sig' } as PublicSigningJwk;
    const sealedPrivateJwk = this.sealer.seal(JSON.stringify(await exportJWK(privateKey)), `signing key ${kid}`);
    return { _id: kid, state: 'current', publicJwk, sealedPrivateJwk, issuers: [issuer], createdAt: new Date() };
  }
}
