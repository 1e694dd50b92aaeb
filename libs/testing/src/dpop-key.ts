import { createHash, generateKeyPairSync, randomUUID, type JsonWebKey } from 'node:crypto';
import { compactJws, type Signer } from './compact-jws.ts';
import { es256 } from './signers.ts';

/** The request that a proof is made for, and the token that it is shown with. */
export interface ProofFor {
  readonly method?: string;
  readonly url: string;
  readonly token?: string | undefined;
}

/** A device's key pair, which makes the proofs of RFC 9449 and any that are wrong in one point. */
export class DpopKey {
  private readonly pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  get publicJwk(): JsonWebKey {
    return this.pair.publicKey.export({ format: 'jwk' });
  }

  get privateJwk(): JsonWebKey {
    return this.pair.privateKey.export({ format: 'jwk' });
  }

  /** RFC 7638 §3. */
  get thumbprint(): string {
    const { crv, kty, x, y } = this.publicJwk;
    return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  }

  get sign(): Signer {
    return es256(this.pair.privateKey);
  }

  /** A member that is undefined is left out. */
  proof(
    { method = 'GET', url, token }: ProofFor,
    claims: Readonly<Record<string, unknown>> = {},
    header: Readonly<Record<string, unknown>> = {},
    sign: Signer = this.sign,
  ): string {
    const named = { typ: 'dpop+jwt', alg: 'ES256', jwk: this.publicJwk, ...header };
    const said = {
      jti: randomUUID(),
      htm: method,
      htu: url,
      iat: Math.floor(Date.now() / 1000),
      ...(token !== undefined && { ath: createHash('sha256').update(token).digest('base64url') }),
      ...claims,
    };
    return compactJws(JSON.stringify(named), JSON.stringify(said), sign);
  }

  /** Headers of a request with a token that is bound to this key. */
  headers(request: ProofFor & { readonly token: string }): Record<string, string> {
    return { authorization: `DPoP ${request.token}`, dpop: this.proof(request) };
  }
}
