import { KeyportError } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { UsersRepository } from '../users/users.repository.ts';
import type { RefreshToken } from './refresh-token.model.ts';
import { RefreshTokensRepository } from './refresh-tokens.repository.ts';
import { SessionEndingService } from './session-ending.service.ts';
import { SessionTokensService, type AskedOfSession, type SessionTokens } from './session-tokens.service.ts';
import type { Session } from './session.model.ts';
import { SessionsRepository } from './sessions.repository.ts';

export interface RefreshRequest extends AskedOfSession {
  readonly refreshToken: string;
  /** The client that asks, proven; null where none does, as with Keyport's own login. */
  readonly clientId: string | null;
}

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

  /** Throws REFRESH_INVALID, REFRESH_REUSED, OAUTH_SCOPE_INVALID. */
  async refresh({ refreshToken, clientId, scope, dpopJkt }: RefreshRequest): Promise<SessionTokens> {
    const presented = await this.refreshTokens.find(refreshToken);
    const session = presented && (await this.sessions.find(presented.sessionId));
    // Before all else: another client's try, or one with another key, must not end the session either.
    if (!session || !isFor(session, clientId, dpopJkt)) throw new KeyportError('REFRESH_INVALID');
    if (presented.usedAt) return this.refuseReuse(presented);
    const user = isLive(session) ? await this.users.find(session.userId) : null;
    if (!user || user.disabled) throw new KeyportError('REFRESH_INVALID');
    // The next is stored before this one is spent: a process that dies in between leaves one that is still good.
    const next = await this.tokens.issue(session, user, { scope, dpopJkt });
    if (!(await this.refreshTokens.spend(presented))) return this.refuseReuse(presented);
    return next;
  }

  /** Ends the session of a refresh token; one that is used or unknown needs nothing. `check` may refuse by its client. */
  async revoke(refreshToken: string, check: (clientId: string | null) => void): Promise<void> {
    const presented = await this.refreshTokens.find(refreshToken);
    const session = presented && (await this.sessions.find(presented.sessionId));
    if (!session) return;
    check(session.clientId ?? null);
    await this.ending.end(session._id, { by: session.userId, reason: 'its refresh token was revoked' });
  }

  private async refuseReuse({ sessionId }: RefreshToken): Promise<never> {
    const session = await this.sessions.findLive(sessionId);
    if (session) await this.ending.end(sessionId, { by: session.userId, reason: 'a refresh token was used twice' });
    throw new KeyportError('REFRESH_REUSED');
  }
}

/** RFC 6749 §6 and RFC 9449 §5: bound to the client that it was given to, and to its key where it had one. */
const isFor = (session: Session, clientId: string | null, dpopJkt: string | undefined): boolean =>
  (session.clientId ?? null) === clientId && (!session.dpopJkt || session.dpopJkt === dpopJkt);

const isLive = ({ endedAt, expiresAt }: Session): boolean => !endedAt && expiresAt > new Date();
