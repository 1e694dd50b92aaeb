import { generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';
import { compactJws, eddsa, es256, ps256, type KeyportClient, type Signer } from '@keyport/testing';

interface PublicKey {
  readonly id: string;
  readonly kid: string;
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
  readonly alg: string;
}

const kinds = {
  Ed25519: { make: () => generateKeyPairSync('ed25519'), signer: eddsa },
  'P-256': { make: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }), signer: es256 },
  RSA: { make: () => generateKeyPairSync('rsa', { modulusLength: 2048 }), signer: ps256 },
};

/** Longest `exp - iat` of the tokens of a {@link SelfIssuer}. */
export const selfIssuedSeconds = 600;

/** Somebody who registered a public key and signs tokens alone. Its ceiling is `records:read:orders`. */
export class SelfIssuer {
  private constructor(
    readonly registered: PublicKey,
    readonly publicKey: KeyObject,
    readonly privateKey: KeyObject,
    readonly sign: Signer,
  ) {}

  static async registeredBy(client: KeyportClient, kind: keyof typeof kinds, more: object = {}): Promise<SelfIssuer> {
    const { make, signer } = kinds[kind];
    const { publicKey, privateKey } = make();
    const registered = await client.ok<PublicKey>('/v1/public-keys', {
      method: 'POST',
      json: {
        name: kind,
        jwk: publicKey.export({ format: 'jwk' }),
        scopes: ['records:read:orders'],
        maxLifetimeSeconds: selfIssuedSeconds,
        ...more,
      },
    });
    return new SelfIssuer(registered, publicKey, privateKey, signer(privateKey));
  }

  /** Signed by itself unless told; a member that is undefined is left out. */
  token(
    header: Readonly<Record<string, unknown>> = {},
    claims: Readonly<Record<string, unknown>> = {},
    sign: Signer = this.sign,
  ): string {
    const { kid, alg, issuer, subject, audience } = this.registered;
    const iat = Math.floor(Date.now() / 1000);
    const said = { iss: issuer, sub: subject, aud: audience, iat, exp: iat + 60, jti: randomUUID() };
    return compactJws(
      JSON.stringify({ kid, typ: 'at+jwt', alg, ...header }),
      JSON.stringify({ ...said, scope: 'records:read:orders', ...claims }),
      sign,
    );
  }
}
