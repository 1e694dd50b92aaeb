import type { AuthorizationDetail, getKey, ReplyOf } from '@keyport/contracts';
import { endOf, type Key } from './key.model.ts';

/** The details of a key's token; undefined where nothing is narrowed. */
export const detailsOf = ({ authorizationDetails }: Pick<Key, 'authorizationDetails'>) =>
  authorizationDetails === null ? undefined : (JSON.parse(authorizationDetails) as AuthorizationDetail[]);

/** A key as callers see it. */
export const presentKey = (key: Key): ReplyOf<typeof getKey> => ({
  id: key._id,
  owner: key.userId,
  name: key.name,
  scopes: [...key.scopes],
  authorizationDetails: detailsOf(key) ?? null,
  limits: key.limits,
  createdAt: key.createdAt.toISOString(),
  expiresAt: textOf(endOf(key)),
  lastUsedAt: textOf(key.lastUsedAt),
  revokedAt: textOf(key.revokedAt),
  rotatedAt: textOf(key.rotatedAt),
  previousTokenEndsAt: textOf(key.previousTokenEndsAt),
});

const textOf = (instant: Date | null): string | null => instant?.toISOString() ?? null;
