import type { Caller } from '@keyport/access';
import { KeyportError, type changePassword, type RequestOf } from '@keyport/contracts';
import { inTransaction, MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection } from 'mongoose';
import { LoginLimitsService } from '../login-limits/login-limits.service.ts';
import { hashPassword, passwordMatches } from '../users/passwords.ts';
import { UsersRepository } from '../users/users.repository.ts';
import { requirePerson } from './persons-session.ts';
import { SessionEndingService } from './session-ending.service.ts';
import { SessionsRepository } from './sessions.repository.ts';

@Injectable()
export class PasswordChangeService {
  constructor(
    private readonly users: UsersRepository,
    private readonly sessions: SessionsRepository,
    private readonly ending: SessionEndingService,
    private readonly limits: LoginLimitsService,
    @Inject(MONGO_CONNECTION) private readonly connection: Connection,
  ) {}

  /** Ends the user's other sessions. Throws SESSION_NEEDED, PASSWORD_WRONG, LOGIN_THROTTLED. */
  async change({ identity }: Caller, { currentPassword, newPassword, address }: RequestOf<typeof changePassword>) {
    requirePerson(identity);
    const { sessionId, userId } = identity;
    const user = await this.users.find(userId);
    if (!user) throw new KeyportError('TOKEN_REVOKED');
    const { passwordHash: checkedHash, email } = user;
    const matches = await this.limits.attemptInSession({ email, address, sessionId }, async () =>
      (await passwordMatches(checkedHash, currentPassword)) ? true : undefined,
    );
    if (!matches) throw new KeyportError('PASSWORD_WRONG');
    await this.replace({ userId: user._id, sessionId, checkedHash, newHash: await hashPassword(newPassword) });
    await this.ending.settleAllOf(user._id);
  }

  private async replace(change: { userId: string; sessionId: string; checkedHash: string; newHash: string }) {
    const { userId, sessionId, checkedHash, newHash } = change;
    const ending = { by: userId, reason: 'the password was changed' };
    await inTransaction(this.connection, async (session) => {
      const replaced = await this.users.replacePassword(userId, checkedHash, newHash, session);
      // Another change was first, so the current password is no longer this one.
      if (!replaced) throw new KeyportError('PASSWORD_WRONG');
      await this.sessions.endAllOf(userId, ending, { session, except: sessionId });
    });
  }
}
