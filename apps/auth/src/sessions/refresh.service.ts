import { KeyportError, type login, type ReplyOf } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { UsersRepository } from '../users/users.repository.ts';
import type { RefreshToken } from './refresh-token.model.ts';
import { RefreshTokensRepository } from './refresh-tokens.repository.ts';
import { SessionEndingService } from './session-ending.service.ts';
import { SessionTokensService } from './session-tokens.service.ts';
import { SessionsRepository } from './sessions.repository.ts';

/**
 * Rotates refresh tokens. One that is used twice was stolen, by whoever came first or second: its session ends (RFC 9700
 * §4.14.2). Of two uses at once one is the first, and both lose the session.
 */
@Injectable()
export class RefreshService {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly refreshTokens: RefreshTokensRepository,
    private readonly users: UsersRepository,
    private readonly tokens: SessionTokensService,
    private readonly ending: SessionEndingService,
  ) {}

  /** Throws REFRESH_INVALID, REFRESH_REUSED. */
  async refresh(refreshToken: string): Promise<ReplyOf<typeof login>> {
    const presented = await this.refreshTokens.find(refreshToken);
    if (!presented) throw new KeyportError('REFRESH_INVALID');
    if (presented.usedAt) return this.refuseReuse(presented);
    const session = await this.sessions.findLive(presented.sessionId);
    const user = session && (await this.users.find(session.userId));
    if (!session || !user || user.disabled) throw new KeyportError('REFRESH_INVALID');
    // The next is stored before this one is spent: a process that dies in between leaves one that is still good.
    const next = await this.tokens.issue(session, user);
    if (!(await this.refreshTokens.spend(presented))) return this.refuseReuse(presented);
    return next;
  }

  private async refuseReuse({ sessionId }: RefreshToken): Promise<never> {
    const session = await this.sessions.findLive(sessionId);
    if (session) await this.ending.end(sessionId, { by: session.userId, reason: 'a refresh token was used twice' });
    throw new KeyportError('REFRESH_REUSED');
  }
}
