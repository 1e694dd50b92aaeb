import { accessKeyFinder, type AccessKeySources } from './access-keys.ts';
import { accessClaims, tokenTypes, type AccessClaims } from './claims.ts';
import { DirectTokens, type DirectIssuer } from './external-tokens.ts';
import { Holder } from './holder.ts';
import { identityOf } from './identity.ts';
import type { KeyView } from './key-view.ts';
import type { RightsView } from './rights-view.ts';
import { verifyToken } from './verify.ts';

/** An access token whose signature verified. */
export interface ReadAccessToken {
  readonly holder: Holder;
  readonly claims: AccessClaims;
}

export type AccessTokenSources = AccessKeySources & {
  readonly signingKeys: Pick<KeyView, 'has' | 'issuers'>;
  readonly rights: Pick<RightsView, 'hasDirectIssuers' | 'directIssuerId' | 'issuer'>;
};

/** From the text of an access token, of any signer, to its holder: the same at gateways and in auth. From memory alone. */
export class AccessTokenReader {
  /** Tokens of other issuers, whose keys it may take a while to know. */
  readonly direct: DirectTokens;
  private readonly key: ReturnType<typeof accessKeyFinder>;

  constructor(
    private readonly sources: AccessTokenSources,
    private readonly publicUrl: string,
  ) {
    this.key = accessKeyFinder(sources, publicUrl);
    this.direct = new DirectTokens(sources, publicUrl);
  }

  /** What a token says, once its signature verified. Throws {@link TokenFault}; asks neither revocations nor rights. */
  async read(token: string): Promise<ReadAccessToken> {
    const issuer = this.direct.issuerOf(token);
    if (issuer) return this.readDirect(token, issuer);
    const { signingKeys, rights } = this.sources;
    // Addresses under which the deployment was reached earlier stay good, as long as the key of that time does.
    const audiences = [this.publicUrl, ...signingKeys.issuers()];
    const expected = { typ: tokenTypes.access, claims: accessClaims, audiences, key: this.key };
    const { claims, kid } = await verifyToken(token, expected);
    const publicKey = signingKeys.has(kid) ? undefined : rights.publicKey(kid);
    return { holder: new Holder(identityOf(claims, kid, publicKey), claims.exp, claims.cnf?.jkt), claims };
  }

  /** As if it had been given here, with the scopes that its issuer's mapping gives. */
  private async readDirect(token: string, issuer: DirectIssuer): Promise<ReadAccessToken> {
    const { holder, claims } = await this.direct.read(token, issuer);
    const { iss, sub, aud, iat, exp, nbf, jti = '' } = claims;
    return { holder, claims: { iss, sub, aud, iat, exp, nbf, jti, scope: holder.identity.scopes.join(' '), anc: [] } };
  }
}
