import type { Caller } from '@keyport/access';
import type { createKey, ReplyOf, RequestOf } from '@keyport/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { Types } from 'mongoose';
import { AUTH_CONFIG, type AuthConfig } from '../config.ts';
import { ReachService } from '../rights/reach.service.ts';
import { AccessTokensService } from '../tokens/access-tokens.service.ts';
import { RightsProjection } from '../rights/rights-projection.ts';
import { KeyMakersService } from './key-makers.service.ts';
import { newKey } from './key.model.ts';
import {
  ancestorsThrough,
  boundedLifetime,
  detailsThrough,
  grantedLifetime,
  requireHeld,
  requireMayMakeTokens,
  requireNoClient,
} from './key-rules.ts';
import { KeysRepository } from './keys.repository.ts';
import { presentKey } from './present-key.ts';
import { grantedLimits } from './usage-rules.ts';

/** Mints keys: none may do more, or live for longer, than what it is minted through. */
@Injectable()
export class KeyMintingService {
  constructor(
    private readonly keys: KeysRepository,
    private readonly makers: KeyMakersService,
    private readonly tokens: AccessTokensService,
    private readonly reach: ReachService,
    private readonly rights: RightsProjection,
    @Inject(AUTH_CONFIG) private readonly config: AuthConfig,
  ) {}

  async create(caller: Caller, request: RequestOf<typeof createKey>): Promise<ReplyOf<typeof createKey>> {
    caller.require('keys:create');
    requireMayMakeTokens(caller.identity);
    const userId = this.reach.userOf(caller);
    requireNoClient(caller.identity);
    requireHeld(request.scopes, caller.scopes);
    const details = detailsThrough(caller.identity.details, request.authorizationDetails);
    const ancestors = ancestorsThrough(caller.identity);
    const bounds = await this.makers.boundsOf(caller);
    const lifetimeSeconds = grantedLifetime(request.expiresInSeconds, this.policy);
    const limits = grantedLimits(bounds, request.limits ?? {});
    const keyId = new Types.ObjectId().toHexString();
    const scopes = [...new Set(request.scopes)];
    const { token, tokenId, signedBy, issuedAt, expiresAt } = await this.tokens.mint({
      ...{ subject: userId, scopes, keyId, ancestors, authorizationDetails: details ?? null },
      lifetimeSeconds: boundedLifetime(lifetimeSeconds, bounds.endsAt),
    });
    const key = newKey({
      ...{
        _id: keyId,
        userId,
        name: request.name,
        scopes,
        tokenId,
        signedBy,
        ancestors,
        createdAt: issuedAt,
        expiresAt,
      },
      authorizationDetails: details ? JSON.stringify(details) : null,
      limits,
      // A key without an end that is minted through one that ends has an end.
      lifetimeSeconds: lifetimeSeconds ?? (bounds.isEndless ? null : this.config.KEYPORT_KEY_MAX_SECONDS),
    });
    await this.keys.insert(key);
    if (key.isLimited) await this.rights.showKey(keyId);
    return { token, key: presentKey(key) };
  }

  private get policy() {
    return {
      maximumSeconds: this.config.KEYPORT_KEY_MAX_SECONDS,
      mayNeverExpire: this.config.KEYPORT_KEYS_MAY_NEVER_EXPIRE,
    };
  }
}
