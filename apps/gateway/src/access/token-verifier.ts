import {
  accessClaims,
  maxAccessLifetimeSeconds,
  nowSeconds,
  RevocationView,
  SIGNING_KEYS,
  TokenFault,
  tokenTypes,
  VerifiedCache,
  verifyToken,
  type KeyView,
} from '@keyport/access';
import { KeyportError } from '@keyport/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config.ts';
import { principalOf, type Principal } from './principal.ts';

/** From the text of an access token to its principal. What it was may be cached; whether it still holds is asked each time. */
@Injectable()
export class TokenVerifier {
  private readonly cache = new VerifiedCache<Principal>();

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
    @Inject(SIGNING_KEYS) private readonly signingKeys: KeyView,
    private readonly revocations: RevocationView,
  ) {}

  /** Throws TOKEN_INVALID or TOKEN_REVOKED; SERVICE_UNAVAILABLE while it cannot be known what is revoked. */
  async verify(token: string): Promise<Principal> {
    const principal = this.cache.get(token, nowSeconds()) ?? (await this.verifyAnew(token));
    if (!this.revocations.isReady) throw new KeyportError('SERVICE_UNAVAILABLE', { service: 'auth' });
    if (this.revocations.isRevoked(principal)) throw new KeyportError('TOKEN_REVOKED');
    return principal;
  }

  private async verifyAnew(token: string): Promise<Principal> {
    // Addresses under which the deployment was reached earlier stay good, as long as the key of that time does.
    const accepted = [this.config.KEYPORT_PUBLIC_URL, ...this.signingKeys.issuers()];
    try {
      const claims = await verifyToken(token, {
        typ: tokenTypes.access,
        claims: accessClaims,
        issuers: accepted,
        audiences: accepted,
        maxLifetimeSeconds: maxAccessLifetimeSeconds,
        key: (kid, alg) => this.signingKeys.find(kid, alg),
      });
      const principal = principalOf(claims);
      this.cache.set(token, principal);
      return principal;
    } catch (error) {
      if (!(error instanceof TokenFault)) throw error;
      throw new KeyportError('TOKEN_INVALID', { check: error.check, reason: error.reason }, { cause: error });
    }
  }
}
