import type { Caller } from '@keyport/access';
import {
  KeyportError,
  type changeKey,
  type listKeys,
  type reportUse,
  type ReplyOf,
  type RequestOf,
  type UsageLimits,
} from '@keyport/contracts';
import { listPage, readCursor } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { revocationKeptUntil } from '../revocations/revocation-entries.ts';
import { ReachService } from '../rights/reach.service.ts';
import { RightsProjection } from '../rights/rights-projection.ts';
import { HeldEndingService } from './held-ending.service.ts';
import { KeyMakersService } from './key-makers.service.ts';
import { changeEvent } from './key-events.ts';
import { isLimited, type Key } from './key.model.ts';
import { raisedScopes, requireDetailsHeld, requireHeld, standing } from './key-rules.ts';
import { KeysRepository, type EndingPlace } from './keys.repository.ts';
import { detailsOf, presentKey } from './present-key.ts';
import { grantedLimits } from './usage-rules.ts';

/** What MongoDB gives as ids of keys. They grow with time, so the last one says where the next page begins. */
const keyIds = z.string().regex(/^[0-9a-f]{24}$/);

const endingPlaces = z
  .string()
  .regex(/^\d{1,15} [0-9a-f]{24}$/)
  .transform((text): EndingPlace => {
    const [at = '', keyId = ''] = text.split(' ');
    return { expiresAt: new Date(Number(at)), keyId };
  });
const placeOf = ({ _id, expiresAt }: Key) => `${expiresAt.getTime()} ${_id}`;

/** Keys as they are seen, changed and revoked. What others may not see is as if it did not exist. */
@Injectable()
export class KeysService {
  constructor(
    private readonly keys: KeysRepository,
    private readonly makers: KeyMakersService,
    private readonly reach: ReachService,
    private readonly rights: RightsProjection,
    private readonly endings: HeldEndingService,
  ) {}

  async list(caller: Caller, request: RequestOf<typeof listKeys>): Promise<ReplyOf<typeof listKeys>> {
    const { limit, cursor, endsWithinSeconds, owner } = request;
    const reach = await this.reach.listReachOf(caller, 'keys:read', owner);
    if (endsWithinSeconds === undefined) {
      const found = await this.keys.page(reach, limit + 1, readCursor(keyIds, cursor));
      const { items, next } = listPage(found, limit, ({ _id }) => _id);
      return { items: items.map(presentKey), next };
    }
    const now = Date.now();
    const span = { from: new Date(now), to: new Date(now + endsWithinSeconds * 1000) };
    const found = await this.keys.endingPage(reach, limit + 1, span, readCursor(endingPlaces, cursor));
    const { items, next } = listPage(found, limit, placeOf);
    return { items: items.map(presentKey), next };
  }

  async get(caller: Caller, keyId: string) {
    const reach = await this.reach.reachOf(caller, 'keys:read');
    return presentKey(found(await this.keys.find(keyId, reach), keyId));
  }

  /** Resolves once the bus shows the new ceiling and limits. */
  async change(caller: Caller, { keyId, ...asked }: RequestOf<typeof changeKey>): Promise<ReplyOf<typeof changeKey>> {
    const reach = await this.reach.reachOf(caller, 'keys:update');
    const bounds = asked.limits && (await this.makers.boundsOf(caller));
    for (;;) {
      const key = standing(found(await this.keys.find(keyId, reach), keyId));
      const scopes = asked.scopes ? ceilingOf(caller, key, asked.scopes) : key.scopes;
      const limits = asked.limits && bounds ? grantedLimits(bounds, asked.limits) : key.limits;
      const change = { ...(asked.name !== undefined && { name: asked.name }), ...narrowing(key, scopes, limits) };
      // What was lowered in the meantime must not be raised by who looked at it before.
      const unchanged = { _id: keyId, scopes: key.scopes, limits: key.limits };
      const changed = await this.keys.change(unchanged, change, changeEvent(key, { ...key, ...change }));
      if (!changed) continue;
      await this.rights.showKey(keyId);
      return presentKey(changed);
    }
  }

  /** Resolves once the revocation is stored by a majority and shown on the bus. */
  async revoke(caller: Caller, keyId: string): Promise<void> {
    const reach = await this.reach.reachOf(caller, 'keys:delete');
    for (;;) {
      const key = found(await this.keys.find(keyId, reach), keyId);
      const now = new Date();
      const revoked = await this.keys.revoke(key, now, revocationKeptUntil(key.expiresAt, now));
      if (revoked) return this.endings.endKey(revoked);
    }
  }

  /** A gateway whose clock is ahead does not make a use later than now. */
  async noteUse({ keys }: RequestOf<typeof reportUse>): Promise<void> {
    const now = Date.now();
    const uses = keys.map(({ keyId, lastUsedAt }) => ({
      keyId,
      lastUsedAt: new Date(Math.min(Date.parse(lastUsedAt), now)),
    }));
    await this.keys.markUsed(uses);
  }
}

function found(key: Key | null, keyId: string): Key {
  if (!key) throw new KeyportError('KEY_NOT_FOUND', { keyId });
  return key;
}

/** Nobody raises a ceiling above what the token says, or above what they may do themselves. Throws SCOPE_NOT_HELD. */
function ceilingOf(caller: Caller, key: Key, asked: readonly string[]): readonly string[] {
  const scopes = [...new Set(asked)];
  requireHeld(scopes, key.tokenScopes);
  const raised = raisedScopes(scopes, key.scopes);
  requireHeld(raised, caller.scopes);
  if (raised.length > 0) requireDetailsHeld(detailsOf(key), caller.identity.details);
  return scopes;
}

const narrowing = (key: Key, scopes: readonly string[], limits: UsageLimits) => ({
  scopes,
  limits,
  isLimited: isLimited(scopes, key.tokenScopes, limits),
});
