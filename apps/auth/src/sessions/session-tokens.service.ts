import type { login, ReplyOf } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { AccessTokensService } from '../tokens/access-tokens.service.ts';
import { scopesOfUser } from '../users/roles.ts';
import type { User } from '../users/user.model.ts';
import { RefreshTokensRepository } from './refresh-tokens.repository.ts';
import { accessTokenLifetime } from './session-rules.ts';
import type { Session } from './session.model.ts';

/** What a signed-in person is given: an access token, and the one refresh token for the next. */
@Injectable()
export class SessionTokensService {
  constructor(
    private readonly accessTokens: AccessTokensService,
    private readonly refreshTokens: RefreshTokensRepository,
  ) {}

  /** With the rights that the user has now. */
  async issue(session: Session, user: User): Promise<ReplyOf<typeof login>> {
    const expiresIn = accessTokenLifetime(session.expiresAt, new Date());
    const { token } = await this.accessTokens.mint({
      subject: user._id,
      scopes: scopesOfUser(user),
      lifetimeSeconds: expiresIn,
      sessionId: session._id,
    });
    return {
      accessToken: token,
      tokenType: 'Bearer',
      expiresIn,
      refreshToken: await this.refreshTokens.issue(session),
    };
  }
}
