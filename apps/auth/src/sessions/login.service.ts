import { randomBytes } from 'node:crypto';
import { KeyportError, type login, type ReplyOf, type RequestOf } from '@keyport/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { Types } from 'mongoose';
import { AUTH_CONFIG, type AuthConfig } from '../config.ts';
import { LoginLimitsService } from '../login-limits/login-limits.service.ts';
import { hashPassword, passwordMatches } from '../users/passwords.ts';
import type { User } from '../users/user.model.ts';
import { UsersRepository } from '../users/users.repository.ts';
import { SessionTokensService, toLoginReply } from './session-tokens.service.ts';
import { SessionsRepository } from './sessions.repository.ts';

@Injectable()
export class LoginService {
  /** Compared where there is no such user, so that the time taken does not tell. */
  private readonly nobodysHash = hashPassword(randomBytes(32).toString('base64url'));

  constructor(
    private readonly users: UsersRepository,
    private readonly sessions: SessionsRepository,
    private readonly tokens: SessionTokensService,
    private readonly limits: LoginLimitsService,
    @Inject(AUTH_CONFIG) private readonly config: AuthConfig,
  ) {}

  /** Throws LOGIN_FAILED, the same for a wrong email and a wrong password, and LOGIN_THROTTLED. */
  async login({ email, password, address }: RequestOf<typeof login>): Promise<ReplyOf<typeof login>> {
    const user = await this.limits.attempt({ email, address }, () => this.recognise(email, password));
    if (!user) throw await this.refusalOf(email);
    const session = this.newSession(user);
    await this.sessions.insert(session);
    // After the session was stored: a password that is changed meanwhile either is seen here, or ends this session too.
    if (!(await this.users.noteLogin(user))) {
      await this.sessions.end(session._id, { by: user._id, reason: 'the user changed while signing in' });
      throw new KeyportError('LOGIN_FAILED');
    }
    return toLoginReply(await this.tokens.issue(session, user));
  }

  private async recognise(email: string, password: string): Promise<User | undefined> {
    const user = await this.users.findByEmail(email);
    const matches = await passwordMatches(user?.passwordHash ?? (await this.nobodysHash), password);
    return user && matches && !user.disabled ? user : undefined;
  }

  /** With the account that was tried, which the gateway puts into the audit and tells nobody. */
  private async refusalOf(email: string): Promise<KeyportError> {
    const user = await this.users.findByEmail(email);
    return new KeyportError('LOGIN_FAILED', user ? { account: user._id } : {});
  }

  private newSession({ _id: userId }: User) {
    const createdAt = new Date();
    return {
      _id: new Types.ObjectId().toHexString(),
      userId,
      createdAt,
      expiresAt: new Date(createdAt.getTime() + this.config.KEYPORT_SESSION_MAX_SECONDS * 1000),
      ...{ endedAt: null, endedBy: null, endReason: null, settled: false },
    };
  }
}
