import type { ClientRights, KeyRights, PublicKeyRights, Role, UsageLimits, UserRights } from '@keyport/contracts';
import { scopesOfUser } from '../users/roles.ts';

/** A user as MongoDB holds them, as far as their rights go. */
export interface UserOnRecord {
  readonly _id: string;
  readonly role: Role;
  readonly scopes?: readonly string[];
  readonly disabled?: boolean;
}

export interface KeyOnRecord {
  readonly _id: string;
  /** The ceiling. */
  readonly scopes: readonly string[];
  readonly limits: UsageLimits;
}

export interface PublicKeyOnRecord {
  readonly _id: string;
  readonly userId: string;
  readonly jwk: PublicKeyRights['jwk'];
  readonly issuer: string;
  readonly scopes: readonly string[];
  readonly maxLifetimeSeconds: number;
  readonly limits: UsageLimits;
  readonly ancestors: readonly string[];
  readonly expiresAt: Date | null;
}

export interface ClientOnRecord {
  readonly _id: string;
  /** The ceiling. */
  readonly scopes: readonly string[];
}

/** Keys of KV `rights`. */
export const rightsKeys = {
  user: (userId: string) => `user.${userId}`,
  key: (keyId: string) => `key.${keyId}`,
  publicKey: (kid: string) => `public-key.${kid}`,
  client: (clientId: string) => `client.${clientId}`,
  issuer: (issuerId: string) => `issuer.${issuerId}`,
} as const;

/** `kid` of a registered public key, by its id. */
export const kidOf = (publicKeyId: string): string => `pk-${publicKeyId}`;

export const userEntry = (user: UserOnRecord): UserRights => ({
  kind: 'user',
  role: user.role,
  scopes: [...scopesOfUser(user)],
  disabled: user.disabled ?? false,
});

export const keyEntry = ({ scopes, limits }: KeyOnRecord): KeyRights => ({ kind: 'key', scopes: [...scopes], limits });

export const clientEntry = ({ scopes }: ClientOnRecord): ClientRights => ({ kind: 'client', scopes: [...scopes] });

export const publicKeyEntry = (key: PublicKeyOnRecord): PublicKeyRights => ({
  kind: 'public-key',
  jwk: key.jwk,
  issuer: key.issuer,
  userId: key.userId,
  scopes: [...key.scopes],
  maxLifetimeSeconds: key.maxLifetimeSeconds,
  limits: key.limits,
  ancestors: [...key.ancestors],
  expiresAt: key.expiresAt && Math.floor(key.expiresAt.getTime() / 1000),
});
