import { intersectScopes, namedIssuer } from '@keyport/access';
import { KeyportError, type TokenResponse } from '@keyport/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { UsedAssertionsRepository } from '../assertions/used-assertions.repository.ts';
import { AUTH_CONFIG, type AuthConfig } from '../config.ts';
import { SigningKeysService } from '../signing-keys/signing-keys.service.ts';
import { actorOf, givenForExternal } from './exchange-rules.ts';
import { ExternalTokensService, type ExternalToken } from './external-tokens.service.ts';
import type { Grant, GrantRequest } from './grant.ts';
import { OAuthTokensService } from './oauth-tokens.service.ts';
import { requestedScopes } from './requested-scopes.ts';

type Type = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** Seconds: an assertion is for once and for now. */
const maxAssertionLifetimeSeconds = 3600;
/** Seconds: another assertion is soon made. */
const tokenSeconds = 600;

const refuse = (reason: string, cause?: unknown): never => {
  throw new KeyportError('OAUTH_GRANT_INVALID', { reason }, { cause });
};

/** RFC 7523 §2.1: a registered issuer says for whom a token is asked, to this token endpoint alone. */
@Injectable()
export class JwtBearerGrant implements Grant<Type> {
  readonly grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
  readonly needsClient = false;

  constructor(
    private readonly externals: ExternalTokensService,
    private readonly assertions: UsedAssertionsRepository,
    private readonly tokens: OAuthTokensService,
    private readonly signingKeys: SigningKeysService,
    @Inject(AUTH_CONFIG) private readonly config: AuthConfig,
  ) {}

  /** Throws OAUTH_GRANT_INVALID (RFC 7523 §3.1), OAUTH_SCOPE_INVALID. */
  async issue({ grant, client, dpopJkt }: GrantRequest<Type>): Promise<TokenResponse> {
    const { identity, exp, issuer, boundTo } = await this.verified(grant.assertion);
    if (boundTo !== undefined && boundTo !== dpopJkt) refuse('the assertion is bound to a key that is not proved');
    const mapped = intersectScopes(identity.scopes, issuer.ceiling);
    const held = client ? intersectScopes(mapped, client.scopes) : mapped;
    const scopes = requestedScopes(grant.scope, held.length > 0 ? held : refuse('it gives no right here'));
    // Last, so that who asked for too much may ask for less.
    if (!(await this.assertions.spend({ issuer: identity.issuer, id: identity.tokenId, exp })))
      refuse('the assertion was used before');
    return this.tokens.issue({
      ...givenForExternal(identity, client?._id),
      ...{ scopes, dpopJkt, actor: actorOf(client, undefined) },
      lifetimeSeconds: Math.min(issuer.maxLifetimeSeconds, tokenSeconds),
    });
  }

  private async verified(assertion: string): Promise<ExternalToken> {
    const named = namedIssuer(assertion);
    const issuer = named && !this.signingKeys.isOwnIssuer(named.iss) ? await this.externals.issuerOf(named) : null;
    if (!issuer) return refuse('no registered issuer made the assertion');
    try {
      return await this.externals.read(assertion, issuer, {
        ...{ kind: 'assertion', isIdentified: true, maxLifetimeSeconds: maxAssertionLifetimeSeconds },
        audiences: this.audiences(),
      });
    } catch (error) {
      if (!(error instanceof KeyportError) || error.code !== 'OAUTH_REQUEST_INVALID') throw error;
      return refuse(String(error.params.reason), error);
    }
  }

  /** RFC 7523 §3: this deployment as issuer, under any address that it had, or its token endpoint. */
  private audiences(): readonly string[] {
    const { KEYPORT_PUBLIC_URL: deployment } = this.config;
    return [deployment, ...this.signingKeys.ownIssuers(), `${deployment.replace(/\/$/, '')}/oauth/token`];
  }
}
