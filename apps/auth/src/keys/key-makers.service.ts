import type { Caller } from '@keyport/access';
import { KeyportError, type UsageLimits } from '@keyport/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { AUTH_CONFIG, type AuthConfig } from '../config.ts';
import { PublicKeysRepository } from '../public-keys/public-keys.repository.ts';
import { KeysRepository } from './keys.repository.ts';
import { defaultLimits } from './usage-rules.ts';

/** What bounds a key by what it is minted through. */
export interface Bounds {
  /** The earliest end of their tokens; null where none has one. */
  readonly endsAt: Date | null;
  /** True where none of them was given an end, though a token always has one. */
  readonly isEndless: boolean;
  readonly limits: UsageLimits;
}

/** What bounds a key by who makes it. */
export interface CallerBounds extends Bounds {
  /** The most that they may give; what is not named, without bound. */
  readonly grantable: UsageLimits;
}

const unbounded: Bounds = { endsAt: null, isEndless: true, limits: {} };
const publicKeyPrefix = 'pk-';

/** Knows the keys and public keys that others are minted through, as MongoDB has them now. */
@Injectable()
export class KeyMakersService {
  constructor(
    private readonly keys: KeysRepository,
    private readonly publicKeys: PublicKeysRepository,
    @Inject(AUTH_CONFIG) private readonly config: AuthConfig,
  ) {}

  /** Throws TOKEN_REVOKED where the caller's key has ended, even if the bus does not know yet. A session bounds nothing. */
  async boundsOf(caller: Caller): Promise<CallerBounds> {
    const { keyId, publicKeyId, origin } = caller.identity;
    const maker = keyId ?? publicKeyId;
    const bounds = maker === undefined ? unbounded : await this.boundsBy([maker]);
    if (!bounds) throw new KeyportError('TOKEN_REVOKED');
    // What was exchanged ends before its key does.
    const ownEnd = origin && { endsAt: new Date(origin.exp * 1000), isEndless: false };
    return { ...bounds, ...ownEnd, grantable: caller.may('users:update') ? {} : defaultLimits(this.config) };
  }

  /** By the ids in an `anc` claim; undefined where one of them has ended. */
  async boundsBy(ancestors: readonly string[]): Promise<Bounds | undefined> {
    const [publicKeyIds, keyIds] = [true, false].map((isPublic) =>
      ancestors.filter((id) => id.startsWith(publicKeyPrefix) === isPublic),
    ) as [string[], string[]];
    const keys = await this.keys.findAll(keyIds);
    const publicKeys = await this.publicKeys.findAll(publicKeyIds.map((kid) => kid.slice(publicKeyPrefix.length)));
    const now = new Date();
    const standing = keys.filter(({ revokedAt, expiresAt }) => !revokedAt && expiresAt > now);
    const registered = publicKeys.filter(({ revokedAt }) => !revokedAt);
    if (standing.length + registered.length < ancestors.length) return undefined;
    const ends = standing.map(({ expiresAt }) => expiresAt.getTime());
    const [nearest] = [...standing, ...registered];
    return {
      endsAt: ends.length === 0 ? null : new Date(Math.min(...ends)),
      isEndless: standing.every(({ lifetimeSeconds }) => lifetimeSeconds === null),
      limits: nearest?.limits ?? {},
    };
  }
}
