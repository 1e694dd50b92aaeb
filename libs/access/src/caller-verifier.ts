import { KeyportError } from '@keyport/contracts';
import {
  busAudience,
  contextClaims,
  grantClaims,
  maxContextLifetimeSeconds,
  maxGrantLifetimeSeconds,
  tokenTypes,
} from './claims.ts';
import { Caller, type CallerIdentity } from './caller.ts';
import type { KeyView } from './key-view.ts';
import type { RevocationView } from './revocation-view.ts';
import { scopesOf } from './rights.ts';
import { maxBusTokenBytes } from './strict-jws.ts';
import { TokenFault } from './token-fault.ts';
import { VerifiedCache } from './verified-cache.ts';
import { nowSeconds, verifyToken } from './verify.ts';

interface Verified {
  readonly exp: number;
  readonly caller: Caller;
}

/** Turns the authority header of a bus request into the caller: a gateway's context or auth's grant for a job. */
export class CallerVerifier {
  private readonly cache = new VerifiedCache<Verified>(10_000);

  constructor(
    private readonly contextKeys: KeyView,
    private readonly signingKeys: KeyView,
    private readonly revocations: RevocationView,
  ) {}

  /**
   * Throws CONTEXT_INVALID; TOKEN_REVOKED for a context and RIGHTS_LOST for a grant whose token was revoked, unless the
   * contract admits such grants: then the caller says so and may nothing.
   */
  async verify(authority: string, { admitsRevokedGrants = false } = {}): Promise<Caller> {
    // Without the whole projections nobody can say what is not revoked, or that a key is unknown.
    if (![this.revocations, this.signingKeys, this.contextKeys].every(({ isReady }) => isReady)) {
      throw new KeyportError('SERVICE_UNAVAILABLE', { service: 'auth' });
    }
    const { caller } = this.cache.get(authority, nowSeconds()) ?? (await this.verifyAnew(authority));
    if (!this.revocations.isRevoked(caller.identity)) return caller;
    if (caller.identity.jobId === undefined) throw new KeyportError('TOKEN_REVOKED');
    if (!admitsRevokedGrants) throw new KeyportError('RIGHTS_LOST');
    return new Caller(caller.identity, authority, true);
  }

  private async verifyAnew(authority: string): Promise<Verified> {
    try {
      const { exp, identity } = isGrant(authority) ? await this.grant(authority) : await this.context(authority);
      const verified = { exp, caller: new Caller(identity, authority) };
      this.cache.set(authority, verified);
      return verified;
    } catch (error) {
      if (!(error instanceof TokenFault)) throw error;
      throw new KeyportError('CONTEXT_INVALID', { check: error.check }, { cause: error });
    }
  }

  private async context(token: string) {
    const claims = await verifyToken(token, {
      typ: tokenTypes.context,
      claims: contextClaims,
      audiences: [busAudience],
      maxLifetimeSeconds: maxContextLifetimeSeconds,
      maxBytes: maxBusTokenBytes,
      key: (kid, alg) => this.contextKeys.find(kid, alg),
    });
    return { exp: claims.exp, identity: identityOf(claims, claims.jti, undefined) };
  }

  private async grant(token: string) {
    const claims = await verifyToken(token, {
      typ: tokenTypes.grant,
      claims: grantClaims,
      audiences: [busAudience],
      maxLifetimeSeconds: maxGrantLifetimeSeconds,
      maxBytes: maxBusTokenBytes,
      key: (kid, alg) => this.signingKeys.find(kid, alg),
    });
    return { exp: claims.exp, identity: identityOf(claims, claims.src, claims.jti) };
  }
}

/** Only chooses which rules to apply; each rule set then insists on its own `typ`. */
function isGrant(token: string): boolean {
  const [header = ''] = token.split('.', 1);
  return Buffer.from(header, 'base64url').includes(tokenTypes.grant);
}

function identityOf(
  claims: { iss: string; sub: string; key?: string | undefined; anc: string[]; scope: string },
  tokenId: string,
  jobId: string | undefined,
): CallerIdentity {
  return {
    issuer: claims.iss,
    subject: claims.sub,
    tokenId,
    keyId: claims.key,
    ancestors: claims.anc,
    scopes: scopesOf(claims.scope),
    jobId,
  };
}
