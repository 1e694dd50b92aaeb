import { createHash } from 'node:crypto';
import { revocationKey, type Caller } from '@keyport/access';
import { KeyportError, type listRevocations, type ReplyOf, type RequestOf } from '@keyport/contracts';
import { listPage, readCursor } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import { Types } from 'mongoose';
import { z } from 'zod';
import { SessionEndingService } from '../sessions/session-ending.service.ts';
import { SigningKeyChangesService } from '../signing-keys/signing-key-changes.service.ts';
import { AskedRevocationsRepository } from './asked-revocations.repository.ts';
import { cutoffSeconds } from './revocation-entries.ts';
import { RevocationPlansService, type RevocationPlan } from './revocation-plans.service.ts';
import type { AskedForRevocation, AskedRevocation, Revocation } from './revocation.model.ts';
import { RevocationsService, untilPast } from './revocations.service.ts';

/** What MongoDB gives as ids. They grow with time, so the last one says where the next page begins. */
const ids = z.string().regex(/^[0-9a-f]{24}$/);

/** Revocations as they are asked for, seen and lifted. */
@Injectable()
export class AskedRevocationsService {
  constructor(
    private readonly plans: RevocationPlansService,
    private readonly asked: AskedRevocationsRepository,
    private readonly revocations: RevocationsService,
    private readonly signingKeys: SigningKeyChangesService,
    private readonly sessions: SessionEndingService,
  ) {}

  /** Resolves once it is stored by a majority and the bus holds it. The same asked for again is the same revocation. */
  async create(caller: Caller, request: AskedRevocation) {
    caller.require('revocations:create');
    const plan = await this.plans.plan(caller, request);
    const { target, subject } = plan;
    const isSigningKey = target.level === 'kid' && subject.isSigningKey;
    if (isSigningKey && plan.before === null) await this.signingKeys.revoke(caller, target.kid);
    const wanted = documentOf(plan, request, caller.identity.subject);
    // First: a process that dies behind it leaves no sign-in alive that a stored revocation seems to have ended.
    await this.endSessions(plan, caller.identity.subject);
    const stored = await this.asked.insert(wanted, followingOf(plan, wanted));
    await this.showAll(stored._id);
    await untilPast(stored.before);
    return toReply(stored);
  }

  async list(caller: Caller, request: RequestOf<typeof listRevocations>): Promise<ReplyOf<typeof listRevocations>> {
    caller.require('revocations:read');
    const { limit, cursor } = request;
    const found = await this.asked.page(limit + 1, readCursor(ids, cursor));
    const { items, next } = listPage(found, limit, ({ _id }) => _id);
    return { items: items.map(toReply), next };
  }

  /** Resolves once the bus does not hold it any more. What else stands behind the same keys goes on to hold. */
  async delete(caller: Caller, revocationId: string): Promise<void> {
    caller.require('revocations:delete');
    const stored = await this.asked.find(revocationId);
    if (!stored) throw new KeyportError('REVOCATION_NOT_FOUND', { revocationId });
    // Whoever could not make it cannot lift it.
    await this.plans.plan(caller, stored.asked);
    const keys = await this.asked.keysOf(revocationId);
    await this.asked.delete(revocationId);
    for (const key of keys) await this.revocations.show(key);
  }

  private async showAll(id: string): Promise<void> {
    for (const key of await this.asked.keysOf(id)) await this.revocations.show(key);
  }

  /** A sign-in gives new tokens by its refresh token: it ends with those that it gave. */
  private async endSessions({ target, before }: RevocationPlan, by: string): Promise<void> {
    if ((target.level !== 'sub' && target.level !== 'iss') || target.issuer !== undefined || !before) return;
    const userId = target.level === 'sub' ? target.subject : undefined;
    await this.sessions.endBegunBefore(before, userId, { by, reason: 'revoked' });
  }
}

function documentOf({ target, before, endsAt, now }: RevocationPlan, asked: AskedRevocation, createdBy: string) {
  const key = revocationKey(target);
  const cutoff = before && cutoffSeconds(before);
  return {
    _id: new Types.ObjectId().toHexString(),
    origin: 'asked',
    ...{ key, before: cutoff, endsAt, from: null, createdAt: now, createdBy },
    reason: asked.reason ?? null,
    asked,
    askedDigest: createHash('sha256')
      .update(JSON.stringify([key, cutoff]))
      .digest('base64url'),
  } as const satisfies AskedForRevocation;
}

/** What was minted through a revoked key, token or public key names it among its ancestors, and ends with it. */
function followingOf(plan: RevocationPlan, asked: AskedForRevocation): Revocation[] {
  const ancestor = ancestorIn(plan);
  if (ancestor === undefined) return [];
  const { _id, endsAt, from, createdAt, createdBy, reason } = asked;
  const key = revocationKey({ level: 'jti', jti: ancestor });
  // Of a cutoff, or of one of a key's tokens: nobody can tell through which token it was minted, so all until now end.
  const isAltogether = asked.before === null && plan.target.level !== 'jti';
  const before = isAltogether ? null : cutoffSeconds(plan.now);
  const following = { key, before, endsAt, from, createdAt, createdBy, reason, of: _id };
  return [{ ...following, _id: `${_id} ${ancestor}`, origin: 'consequence' }];
}

function ancestorIn({ target, subject }: RevocationPlan): string | undefined {
  if (target.level === 'kid') return subject.isPublicKey ? target.kid : undefined;
  return subject.key?._id;
}

const toReply = ({ _id, asked, createdAt, createdBy, endsAt }: AskedForRevocation) => ({
  ...asked,
  id: _id,
  createdAt: createdAt.toISOString(),
  createdBy,
  endsAt: endsAt?.toISOString() ?? null,
});
