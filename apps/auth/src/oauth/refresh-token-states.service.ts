import type { Introspection } from '@keyport/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { keyportClientId } from '../clients/client-authentication.service.ts';
import { ClientsRepository } from '../clients/clients.repository.ts';
import { AUTH_CONFIG, type AuthConfig } from '../config.ts';
import { RefreshTokensRepository } from '../sessions/refresh-tokens.repository.ts';
import { SessionsRepository } from '../sessions/sessions.repository.ts';
import { sessionScopes } from '../sessions/session-rules.ts';
import { UsersRepository } from '../users/users.repository.ts';

/** Tells what refresh tokens are worth, from MongoDB, where alone they are known. */
@Injectable()
export class RefreshTokenStatesService {
  constructor(
    private readonly tokens: RefreshTokensRepository,
    private readonly sessions: SessionsRepository,
    private readonly users: UsersRepository,
    private readonly clients: ClientsRepository,
    @Inject(AUTH_CONFIG) private readonly config: AuthConfig,
  ) {}

  /** Active where it would give a token now (RFC 7662 §2.2). */
  async describe(token: string): Promise<Introspection> {
    const presented = await this.tokens.find(token);
    const session = presented && !presented.usedAt ? await this.sessions.findLive(presented.sessionId) : null;
    const user = session && (await this.users.find(session.userId));
    if (!session || !user || user.disabled) return { active: false };
    if (session.clientId && !(await this.clients.find(session.clientId))) return { active: false };
    return {
      active: true,
      scope: sessionScopes(session, user).join(' '),
      client_id: session.clientId ?? keyportClientId,
      exp: Math.floor(session.expiresAt.getTime() / 1000),
      sub: session.userId,
      iss: this.config.KEYPORT_PUBLIC_URL,
      ...(session.dpopJkt && { cnf: { jkt: session.dpopJkt } }),
    };
  }
}
