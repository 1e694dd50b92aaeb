import { Injectable } from '@nestjs/common';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type CryptoKey, type JWK } from 'jose';
import { Sealer } from './sealer.ts';
import type { PublicSigningJwk, SigningKey } from './signing-key.model.ts';

export const signingAlgorithm = 'ES256';

/** Makes key pairs that are stored with their private half encrypted, and opens them again. */
@Injectable()
export class SigningKeyMaker {
  constructor(private readonly sealer: Sealer) {}

  /** `issuers`: every address that the deployment signs under, or has. */
  async make(state: 'current' | 'standby', issuers: readonly string[]): Promise<SigningKey> {
    const { publicKey, privateKey } = await generateKeyPair(signingAlgorithm, { extractable: true });
    const publicHalf = await exportJWK(publicKey);
    const kid = `keyport-${(await calculateJwkThumbprint(publicHalf)).slice(0, 22)}`;
    const now = new Date();
    return {
      _id: kid,
      state,
      publicJwk: { kid, ...publicHalf, alg: signingAlgorithm, use: 'sig' } as PublicSigningJwk,
      sealedPrivateJwk: this.sealer.seal(JSON.stringify(await exportJWK(privateKey)), contextOf(kid)),
      issuers,
      createdAt: now,
      publishedAt: null,
      currentSince: state === 'current' ? now : null,
      previousSince: null,
      revokedAt: null,
      hasEndedKeys: false,
    };
  }

  /** Throws where the key was sealed with another master key, or was revoked. */
  async open({ _id: kid, sealedPrivateJwk }: SigningKey): Promise<CryptoKey> {
    if (sealedPrivateJwk === null) throw new Error(`signing key ${kid} was revoked`);
    const jwk = JSON.parse(this.sealer.open(sealedPrivateJwk, contextOf(kid))) as JWK;
    return (await importJWK(jwk, signingAlgorithm)) as CryptoKey;
  }
}

const contextOf = (kid: string) => `signing key ${kid}`;
