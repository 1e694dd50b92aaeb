import type { Caller } from '@keyport/access';
import { KeyportError, type GlobalAction } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { reaches, type Reach } from './reach.ts';
import { RightsRepository } from './rights.repository.ts';

/** Says whose keys and public keys a caller may see or change. What lies outside is as if it did not exist. */
@Injectable()
export class ReachService {
  constructor(private readonly rights: RightsRepository) {}

  /** The user that the caller acts for. Throws USER_NEEDED for one who is no user of this deployment, such as a client. */
  userOf({ identity }: Caller): string {
    if (identity.userId === undefined) throw new KeyportError('USER_NEEDED');
    return identity.userId;
  }

  /**
   * One's own; with the right to change users also what belongs to others, for an owner, or to all but owners, for an
   * admin. The action itself is asked for: throws INSUFFICIENT_SCOPE.
   */
  async reachOf(caller: Caller, action: GlobalAction): Promise<Reach> {
    caller.require(action);
    const userId = this.userOf(caller);
    if (!caller.may('users:update')) return { userId };
    const user = await this.rights.user(userId);
    if (!user || user.disabled || user.role === 'member') return { userId };
    return { allBut: user.role === 'owner' ? [] : await this.rights.ownerIds() };
  }

  /**
   * What a list shows: one's own unless `owner` names somebody, or everybody by `*`. Throws USER_NOT_FOUND for one whose
   * keys the caller may not see.
   */
  async listReachOf(caller: Caller, action: GlobalAction, owner: string | undefined): Promise<Reach> {
    const reach = await this.reachOf(caller, action);
    if (owner === '*') return reach;
    const userId = owner ?? this.userOf(caller);
    const exists = owner === undefined || (await this.rights.user(userId)) !== null;
    if (!exists || !reaches(reach, userId)) throw new KeyportError('USER_NOT_FOUND', { userId });
    return { userId };
  }
}
