import { KeyportError } from '@keyport/contracts';
import { inTransaction, MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { ClientSession, Connection } from 'mongoose';
import { SessionsRepository, type Ending } from '../sessions/sessions.repository.ts';
import { HeldKeysRepository } from './held-keys.repository.ts';
import { isStandingOwner } from './user-rules.ts';
import type { User } from './user.model.ts';
import { UsersRepository, type UserPatch } from './users.repository.ts';

export interface UserChange {
  readonly patch: UserPatch;
  /** Set where the user's sessions end with it. */
  readonly endSessions?: Ending | undefined;
}

/**
 * Changes that are decided on what the user is at that moment, in one transaction with what follows from them. Two of the
 * same user meet a write conflict, and so do two that would leave no owner; the later one then decides anew.
 */
@Injectable()
export class UserChangesRepository {
  constructor(
    @Inject(MONGO_CONNECTION) private readonly connection: Connection,
    private readonly users: UsersRepository,
    private readonly sessions: SessionsRepository,
    private readonly heldKeys: HeldKeysRepository,
  ) {}

  /** `decide` may throw, and has no effects. Throws USER_NOT_FOUND, LAST_OWNER. */
  change(userId: string, decide: (user: User) => UserChange): Promise<User> {
    return inTransaction(this.connection, async (session) => {
      const user = await this.present(userId, session);
      const { patch, endSessions } = decide(user);
      if (isStandingOwner(user) && !isStandingOwner({ ...user, ...patch })) await this.keepAnOwner(userId, session);
      if (endSessions) await this.sessions.endAllOf(userId, endSessions, { session });
      return (await this.users.change(userId, patch, session)) ?? user;
    });
  }

  /** Revokes the user's keys and public keys with them. `decide` may throw. Throws USER_NOT_FOUND, LAST_OWNER. */
  async delete(userId: string, decide: (user: User) => void): Promise<void> {
    await inTransaction(this.connection, async (session) => {
      const user = await this.present(userId, session);
      decide(user);
      if (isStandingOwner(user)) await this.keepAnOwner(userId, session);
      await this.heldKeys.revokeAllOf(userId, session);
      await this.sessions.deleteAllOf(userId, session);
      await this.users.delete(userId, session);
    });
  }

  private async present(userId: string, session: ClientSession): Promise<User> {
    const user = await this.users.find(userId, session);
    if (!user) throw new KeyportError('USER_NOT_FOUND', { userId });
    return user;
  }

  private async keepAnOwner(userId: string, session: ClientSession): Promise<void> {
    if (!(await this.users.keepOtherOwner(userId, session))) throw new KeyportError('LAST_OWNER');
  }
}
