import { intersectScopes, type Caller } from '@keyport/access';
import { KeyportError, keyRotated, type ReplyOf, type RequestOf, type rotateKey } from '@keyport/contracts';
import { untoldEvent } from '@keyport/outbox';
import { Injectable } from '@nestjs/common';
import { ReachService } from '../rights/reach.service.ts';
import { RightsRepository } from '../rights/rights.repository.ts';
import { AccessTokensService, type MintedToken } from '../tokens/access-tokens.service.ts';
import { scopesOfUser } from '../users/roles.ts';
import { KeyMakersService } from './key-makers.service.ts';
import { endOf, type Key } from './key.model.ts';
import {
  boundedLifetime,
  requireDetailsHeld,
  requireHeld,
  requireMayMakeTokens,
  requireNoClient,
  requireMayRotate,
  standing,
} from './key-rules.ts';
import { KeysRepository } from './keys.repository.ts';
import { detailsOf, presentKey } from './present-key.ts';
import { previousTokensAfter } from './previous-tokens.ts';
import { RetiredTokensService } from './retired-tokens.service.ts';

/** Replaces the token of a key. The key stays what it is, and so does what was minted through it. */
@Injectable()
export class KeyRotationService {
  constructor(
    private readonly keys: KeysRepository,
    private readonly makers: KeyMakersService,
    private readonly reach: ReachService,
    private readonly rights: RightsRepository,
    private readonly tokens: AccessTokensService,
    private readonly retired: RetiredTokensService,
  ) {}

  /** Of one's own key. Resolves once the bus knows when the old token ends. */
  async rotate(caller: Caller, request: RequestOf<typeof rotateKey>): Promise<ReplyOf<typeof rotateKey>> {
    caller.require('keys:update');
    requireMayMakeTokens(caller.identity);
    const userId = this.reach.userOf(caller);
    requireNoClient(caller.identity);
    const { keyId, graceSeconds } = request;
    for (;;) {
      const key = await this.keys.find(keyId, { userId });
      if (!key) throw new KeyportError('KEY_NOT_FOUND', { keyId });
      await this.requireMay(caller, standing(key));
      const minted = await this.mintAgain(key);
      const change = changeOf(key, minted, graceSeconds);
      const rotated = await this.keys.change({ _id: keyId, tokenId: key.tokenId }, change, toldOf(key, change));
      // Somebody else replaced the token in the meantime: theirs is the one before ours now.
      if (!rotated) continue;
      await this.retired.tell(rotated);
      return { token: minted.token, key: presentKey(rotated) };
    }
  }

  /** Who gets a token must hold what it can do now, as if they minted it. */
  private async requireMay(caller: Caller, key: Key): Promise<void> {
    requireMayRotate(key, caller.identity);
    const owner = await this.rights.user(key.userId);
    requireHeld(intersectScopes(key.scopes, owner ? scopesOfUser(owner) : []), caller.scopes);
    requireDetailsHeld(detailsOf(key), caller.identity.details);
  }

  private async mintAgain(key: Key) {
    const bounds = await this.makers.boundsBy(key.ancestors);
    if (!bounds) throw new KeyportError('KEY_ENDED', { keyId: key._id });
    return this.tokens.mint({
      ...{ subject: key.userId, scopes: key.tokenScopes, keyId: key._id, ancestors: key.ancestors },
      authorizationDetails: detailsOf(key) ?? null,
      lifetimeSeconds: boundedLifetime(key.lifetimeSeconds, bounds.endsAt),
    });
  }
}

const toldOf = ({ lifetimeSeconds }: Key, { expiresAt, previousTokenEndsAt }: ReturnType<typeof changeOf>) =>
  untoldEvent(keyRotated, {
    expiresAt: endOf({ lifetimeSeconds, expiresAt })?.toISOString() ?? null,
    previousTokenEndsAt: previousTokenEndsAt.toISOString(),
  });

function changeOf(key: Key, minted: MintedToken, graceSeconds: number) {
  const now = new Date();
  // The bus counts whole seconds: without a grace at once, else no less than it.
  const graceEndsAt = graceSeconds === 0 ? now : new Date(Math.ceil(now.getTime() / 1000 + graceSeconds) * 1000);
  return {
    tokenId: minted.tokenId,
    expiresAt: minted.expiresAt,
    signedBy: minted.signedBy,
    rotatedAt: now,
    previousTokenEndsAt: graceEndsAt < key.expiresAt ? graceEndsAt : key.expiresAt,
    previousTokens: previousTokensAfter(key, graceEndsAt, now),
  };
}
