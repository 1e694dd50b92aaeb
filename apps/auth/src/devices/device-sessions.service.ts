import { KeyportError, type TokenResponse } from '@keyport/contracts';
import { Inject, Injectable } from '@nestjs/common';
import type { Client } from '../clients/client.model.ts';
import { AUTH_CONFIG, type AuthConfig } from '../config.ts';
import { SessionEndingService } from '../sessions/session-ending.service.ts';
import { accessTokenSeconds } from '../sessions/session-rules.ts';
import { SessionTokensService, toTokenResponse } from '../sessions/session-tokens.service.ts';
import { SessionsRepository } from '../sessions/sessions.repository.ts';
import { UsersRepository } from '../users/users.repository.ts';

/** The sign-in of a device, which its person made by approving it: it lives as one of the person's own does. */
@Injectable()
export class DeviceSessionsService {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly users: UsersRepository,
    private readonly tokens: SessionTokensService,
    private readonly ending: SessionEndingService,
    @Inject(AUTH_CONFIG) private readonly config: AuthConfig,
  ) {}

  /** Its first tokens. Throws OAUTH_GRANT_INVALID where it, or its person, has ended meanwhile. */
  async open(sessionId: string, client: Client, dpopJkt: string | undefined): Promise<TokenResponse> {
    const mayRefresh = client.grants.includes('refresh_token');
    const seconds = mayRefresh ? this.config.KEYPORT_SESSION_MAX_SECONDS : accessTokenSeconds;
    const session = await this.sessions.prolong(sessionId, {
      expiresAt: new Date(Date.now() + seconds * 1000),
      dpopJkt: boundBy(client, dpopJkt),
    });
    const user = session && (await this.users.find(session.userId));
    if (!user || user.disabled) throw new KeyportError('OAUTH_GRANT_INVALID', { reason: 'the sign-in has ended' });
    const { refresh_token: refreshToken, ...response } = toTokenResponse(
      await this.tokens.issue(session, user, { dpopJkt }),
    );
    return mayRefresh ? { ...response, refresh_token: refreshToken } : response;
  }

  async end(sessionId: string, reason: string): Promise<void> {
    const session = await this.sessions.findLive(sessionId);
    if (session) await this.ending.end(sessionId, { by: session.userId, reason });
  }
}

/** RFC 9449 §5: refresh tokens of public clients; those of others are bound by how the client proves who it is. */
const boundBy = ({ authentication }: Client, dpopJkt: string | undefined): string | null =>
  authentication === 'none' ? (dpopJkt ?? null) : null;
