import { KeyportError, type TokenResponse } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import type { Grant, GrantRequest } from './grant.ts';
import { OAuthTokensService } from './oauth-tokens.service.ts';
import { requestedScopes } from './requested-scopes.ts';

/** A program asks for the next as it needs it. Rights are looked up with each request, so a long life would win little. */
const clientTokenSeconds = 600;

/** RFC 6749 §4.4: a client acts for itself. */
@Injectable()
export class ClientCredentialsGrant implements Grant<'client_credentials'> {
  readonly grantType = 'client_credentials';
  readonly needsClient = true;

  constructor(private readonly tokens: OAuthTokensService) {}

  async issue({ grant, client, dpopJkt }: GrantRequest<'client_credentials'>): Promise<TokenResponse> {
    // A client that is not confidential must not use this grant (RFC 6749 §4.4), whatever it was registered for.
    if (!client || client.authentication === 'none') throw new KeyportError('OAUTH_CLIENT_INVALID');
    return this.tokens.issue({
      ...{ subject: client._id, clientId: client._id, dpopJkt },
      scopes: requestedScopes(grant.scope, client.scopes),
      lifetimeSeconds: clientTokenSeconds,
    });
  }
}
