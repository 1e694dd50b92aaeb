import type { Caller } from '@keyport/access';
import { KeyportError, type createPublicKey, type RequestOf } from '@keyport/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { calculateJwkThumbprint } from 'jose';
import { Types } from 'mongoose';
import { AUTH_CONFIG, type AuthConfig } from '../config.ts';
import { KeyMakersService } from '../keys/key-makers.service.ts';
import {
  ancestorsThrough,
  requireHeld,
  requireMayMakeTokens,
  requireNoClient,
  requireUnnarrowed,
} from '../keys/key-rules.ts';
import { grantedLimits } from '../keys/usage-rules.ts';
import { ReachService } from '../rights/reach.service.ts';
import { kidOf } from '../rights/rights-entries.ts';
import { RightsProjection } from '../rights/rights-projection.ts';
import { readPublicJwk } from './public-jwk.ts';
import type { PublicKey } from './public-key.model.ts';
import { PublicKeysRepository } from './public-keys.repository.ts';

/** Registers public keys: none may do more, or live for longer, than what it is registered through. */
@Injectable()
export class PublicKeyRegistrationService {
  constructor(
    private readonly publicKeys: PublicKeysRepository,
    private readonly makers: KeyMakersService,
    private readonly reach: ReachService,
    private readonly rights: RightsProjection,
    @Inject(AUTH_CONFIG) private readonly config: AuthConfig,
  ) {}

  /** Resolves once the bus shows it: a token signed with it then works everywhere. */
  async register(caller: Caller, request: RequestOf<typeof createPublicKey>): Promise<PublicKey> {
    caller.require('public-keys:create');
    requireMayMakeTokens(caller.identity);
    const userId = this.reach.userOf(caller);
    requireNoClient(caller.identity);
    requireHeld(request.scopes, caller.scopes);
    // What its holder signs is narrowed by these scopes alone, so it must not get around the details of this caller.
    requireUnnarrowed(request.scopes, caller.identity.details);
    const { KEYPORT_KEY_MAX_SECONDS: maximumSeconds, KEYPORT_PUBLIC_URL: deployment } = this.config;
    if (request.maxLifetimeSeconds > maximumSeconds)
      throw new KeyportError('KEY_LIFETIME_TOO_LONG', { maximumSeconds });
    const ancestors = ancestorsThrough(caller.identity);
    const bounds = await this.makers.boundsOf(caller);
    const { members, alg } = await readPublicJwk(request.jwk);
    const id = new Types.ObjectId().toHexString();
    const key: PublicKey = {
      ...{ _id: id, userId, name: request.name, ancestors },
      jwk: { kid: kidOf(id), ...members, kty: members.kty ?? '', alg, use: 'sig' },
      thumbprint: await calculateJwkThumbprint({ ...members }),
      issuer: `${deployment.replace(/\/$/, '')}/public-keys/${id}`,
      scopes: [...new Set(request.scopes)],
      maxLifetimeSeconds: request.maxLifetimeSeconds,
      limits: grantedLimits(bounds, request.limits ?? {}),
      createdAt: new Date(),
      expiresAt: bounds.isEndless ? null : bounds.endsAt,
      ...{ revokedAt: null, revocationKeptUntil: null, isRevocationTold: false },
    };
    await this.publicKeys.insert(key);
    await this.rights.showPublicKey(id);
    return key;
  }
}
