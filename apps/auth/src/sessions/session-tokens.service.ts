import type { login, ReplyOf, TokenResponse } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { requestedScopes } from '../oauth/requested-scopes.ts';
import { AccessTokensService } from '../tokens/access-tokens.service.ts';
import type { User } from '../users/user.model.ts';
import { RefreshTokensRepository } from './refresh-tokens.repository.ts';
import { accessTokenLifetime, sessionScopes } from './session-rules.ts';
import type { Session } from './session.model.ts';

export interface SessionTokens {
  readonly accessToken: string;
  readonly scopes: readonly string[];
  /** Whether the access token is bound to a key (RFC 9449). */
  readonly isBound: boolean;
  readonly expiresInSeconds: number;
  readonly refreshToken: string;
}

export interface AskedOfSession {
  /** RFC 6749 §6: less than the session has; all where it is not said. */
  readonly scope?: string | undefined;
  readonly dpopJkt?: string | undefined;
}

/** What a signed-in person, or the client they signed in for, is given: an access token, and the one refresh token for the next. */
@Injectable()
export class SessionTokensService {
  constructor(
    private readonly accessTokens: AccessTokensService,
    private readonly refreshTokens: RefreshTokensRepository,
  ) {}

  /** With the rights that the user has now. Throws OAUTH_SCOPE_INVALID. */
  async issue(session: Session, user: User, { scope, dpopJkt }: AskedOfSession = {}): Promise<SessionTokens> {
    const scopes = requestedScopes(scope, sessionScopes(session, user));
    const expiresInSeconds = accessTokenLifetime(session.expiresAt, new Date());
    const { token } = await this.accessTokens.mint({
      ...{ subject: user._id, clientId: session.clientId ?? undefined, sessionId: session._id, dpopJkt },
      ...{ scopes, lifetimeSeconds: expiresInSeconds },
    });
    const refreshToken = await this.refreshTokens.issue(session);
    return { accessToken: token, scopes, isBound: dpopJkt !== undefined, expiresInSeconds, refreshToken };
  }
}

/** As Keyport's own login answers. */
export const toLoginReply = (tokens: SessionTokens): ReplyOf<typeof login> => ({
  accessToken: tokens.accessToken,
  tokenType: 'Bearer',
  expiresIn: tokens.expiresInSeconds,
  refreshToken: tokens.refreshToken,
});

/** As the token endpoint answers (RFC 6749 §5.1). */
export const toTokenResponse = (tokens: SessionTokens): TokenResponse => ({
  access_token: tokens.accessToken,
  token_type: tokens.isBound ? 'DPoP' : 'Bearer',
  expires_in: tokens.expiresInSeconds,
  scope: tokens.scopes.join(' '),
  refresh_token: tokens.refreshToken,
});
