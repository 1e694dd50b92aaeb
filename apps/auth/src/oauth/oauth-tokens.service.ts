import type { TokenResponse } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { AccessTokensService, type TokenRequest } from '../tokens/access-tokens.service.ts';

/** Makes an access token and says so as the token endpoint does (RFC 6749 §5.1). */
@Injectable()
export class OAuthTokensService {
  constructor(private readonly tokens: AccessTokensService) {}

  async issue(request: TokenRequest): Promise<TokenResponse> {
    const { token } = await this.tokens.mint(request);
    return {
      access_token: token,
      token_type: request.dpopJkt === undefined ? 'Bearer' : 'DPoP',
      expires_in: request.lifetimeSeconds,
      scope: request.scopes.join(' '),
    };
  }
}
