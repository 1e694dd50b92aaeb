import type { getUser, ReplyOf } from '@keyport/contracts';
import { scopesOfUser } from './roles.ts';
import type { User } from './user.model.ts';

/** A user as callers see them. */
export const presentUser = (user: User): ReplyOf<typeof getUser> => ({
  id: user._id,
  email: user.email,
  role: user.role,
  scopes: [...scopesOfUser(user)],
  disabled: user.disabled,
  createdAt: user.createdAt.toISOString(),
  lastLoginAt: user.lastLoginAt?.toISOString() ?? null,
});
