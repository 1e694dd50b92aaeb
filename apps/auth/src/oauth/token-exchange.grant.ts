import { intersectScopes, maxGrantLifetimeSeconds } from '@keyport/access';
import { KeyportError, tokenTypeNames, type TokenResponse } from '@keyport/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { AUTH_CONFIG, type AuthConfig } from '../config.ts';
import { SigningKeysService } from '../signing-keys/signing-keys.service.ts';
import { actorOf, exchangedDetails, exchangedLifetime, refuseExchange } from './exchange-rules.ts';
import type { Grant, GrantRequest } from './grant.ts';
import { OAuthTokensService } from './oauth-tokens.service.ts';
import { requestedScopes } from './requested-scopes.ts';
import { SubjectTokensService } from './subject-tokens.service.ts';

type Type = 'urn:ietf:params:oauth:grant-type:token-exchange';
type Exchange = GrantRequest<Type>['grant'];

/** Seconds. Signing keys, and what revokes them, are kept for as long as a job may run, whatever else they signed. */
const longestSeconds = maxGrantLifetimeSeconds - 3600;

const given: readonly string[] = [tokenTypeNames.accessToken, tokenTypeNames.jwt];

/**
 * RFC 8693: a token for a token. It never does more, lives longer or outlives what it was given for, which is authority
 * enough: no client need ask.
 */
@Injectable()
export class TokenExchangeGrant implements Grant<Type> {
  readonly grantType = 'urn:ietf:params:oauth:grant-type:token-exchange';
  readonly needsClient = false;

  constructor(
    private readonly subjects: SubjectTokensService,
    private readonly tokens: OAuthTokensService,
    private readonly signingKeys: SigningKeysService,
    @Inject(AUTH_CONFIG) private readonly config: AuthConfig,
  ) {}

  /** Throws OAUTH_REQUEST_INVALID, as RFC 8693 §2.2.2 has it, OAUTH_TARGET_INVALID, OAUTH_SCOPE_INVALID, OAUTH_DETAILS_INVALID. */
  async issue({ grant, client, dpopJkt }: GrantRequest<Type>): Promise<TokenResponse> {
    this.requireOffered(grant);
    const subject = await this.subjects.of(grant, { clientId: client?._id, dpopJkt });
    const held = client ? intersectScopes(subject.scopes, client.scopes) : subject.scopes;
    const details = exchangedDetails(subject.details, grant.authorization_details);
    const response = await this.tokens.issue({
      ...subject.given,
      ...{ dpopJkt, actor: actorOf(client, subject.actor) },
      scopes: requestedScopes(grant.scope, held.length > 0 ? held : refuseExchange('it gives no right here')),
      authorizationDetails: details ?? null,
      lifetimeSeconds: exchangedLifetime(grant.expires_in, [
        ...subject.secondsAtMost,
        this.config.KEYPORT_KEY_MAX_SECONDS,
        longestSeconds,
      ]),
    });
    return {
      ...response,
      issued_token_type: grant.requested_token_type ?? tokenTypeNames.accessToken,
      ...(details && { authorization_details: [...details] }),
    };
  }

  private requireOffered({ requested_token_type: type, audience, resource, ...grant }: Exchange): void {
    if (grant.actor_token !== undefined || grant.actor_token_type !== undefined)
      refuseExchange('actor_token is not offered: the client that asks is the actor');
    if (type !== undefined && !given.includes(type))
      refuseExchange(`requested_token_type must be ${given.join(' or ')}`);
    if (![audience, resource].every((target) => target === undefined || this.isOurs(target)))
      throw new KeyportError('OAUTH_TARGET_INVALID');
  }

  private isOurs(target: string): boolean {
    return target === this.config.KEYPORT_PUBLIC_URL || this.signingKeys.isOwnIssuer(target);
  }
}
