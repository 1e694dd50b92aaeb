import { randomBytes } from 'node:crypto';
import type { Caller } from '@keyport/access';
import {
  KeyportError,
  type changeUser,
  type createUser,
  type listUsers,
  type ReplyOf,
  type RequestOf,
} from '@keyport/contracts';
import { listPage, readCursor } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import { Types } from 'mongoose';
import { z } from 'zod';
import { RightsProjection } from '../rights/rights-projection.ts';
import { SessionEndingService } from '../sessions/session-ending.service.ts';
import type { Ending } from '../sessions/sessions.repository.ts';
import { hashPassword } from './passwords.ts';
import { presentUser } from './present-user.ts';
import { UserChangesRepository } from './user-changes.repository.ts';
import { changedRights, grantableScopes, newRights, requireMayTouch } from './user-rules.ts';
import { requireMayMakeTokens } from '../keys/key-rules.ts';
import { newUser } from './user.model.ts';
import { UsersRepository } from './users.repository.ts';

/** What MongoDB gives as ids of users. */
const userIds = z.string().regex(/^[0-9a-f]{24}$/);

/** Who may sign in, and what they may do. Every change is shown on the bus before it is answered. */
@Injectable()
export class UsersService {
  constructor(
    private readonly users: UsersRepository,
    private readonly changes: UserChangesRepository,
    private readonly sessions: SessionEndingService,
    private readonly rights: RightsProjection,
  ) {}

  async create(caller: Caller, request: RequestOf<typeof createUser>): Promise<ReplyOf<typeof createUser>> {
    caller.require('users:create');
    requireMayMakeTokens(caller.identity);
    const rights = newRights(request, grantable(caller));
    const password = request.password ?? randomBytes(18).toString('base64url');
    const passwordHash = await hashPassword(password);
    const user = newUser({ _id: new Types.ObjectId().toHexString(), email: request.email, passwordHash, ...rights });
    await this.users.add(user);
    await this.rights.showUser(user._id);
    return { user: presentUser(user), ...(request.password === undefined && { initialPassword: password }) };
  }

  async list(caller: Caller, { limit, cursor }: RequestOf<typeof listUsers>): Promise<ReplyOf<typeof listUsers>> {
    caller.require('users:read');
    const found = await this.users.page(limit + 1, readCursor(userIds, cursor));
    const { items, next } = listPage(found, limit, ({ _id }) => _id);
    return { items: items.map(presentUser), next };
  }

  async get(caller: Caller, userId: string) {
    caller.require('users:read');
    const user = await this.users.find(userId);
    if (!user) throw new KeyportError('USER_NOT_FOUND', { userId });
    return presentUser(user);
  }

  async change(caller: Caller, { userId, ...asked }: RequestOf<typeof changeUser>) {
    caller.require('users:update');
    // Whoever could sign in as them would have tokens that nothing ends.
    if (asked.password !== undefined || asked.disabled === false) requireMayMakeTokens(caller.identity);
    const held = grantable(caller);
    const passwordHash = asked.password === undefined ? undefined : await hashPassword(asked.password);
    const changed = await this.changes.change(userId, (user) => {
      const rights = changedRights(user, asked, held);
      const endSessions = endingOf(caller, passwordHash !== undefined, rights.disabled);
      return { patch: { ...rights, ...(passwordHash !== undefined && { passwordHash }) }, endSessions };
    });
    await this.rights.showUser(userId);
    await this.sessions.settleAllOf(userId);
    return presentUser(changed);
  }

  async delete(caller: Caller, userId: string): Promise<void> {
    caller.require('users:delete');
    await this.changes.delete(userId, (user) => requireMayTouch(user, grantable(caller)));
    // Nobody without an entry may do anything: keys, public keys and sessions end with it.
    await this.rights.showUser(userId);
  }
}

const grantable = (caller: Caller) => grantableScopes(caller);

function endingOf({ identity }: Caller, hasNewPassword: boolean, isDisabled: boolean): Ending | undefined {
  if (!hasNewPassword && !isDisabled) return undefined;
  return { by: identity.subject, reason: isDisabled ? 'the user was disabled' : 'the password was set' };
}
