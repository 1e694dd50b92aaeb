import type { Caller, RevocationTarget } from '@keyport/access';
import { KeyportError } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { SigningKeysService } from '../signing-keys/signing-keys.service.ts';
import { RevocationEndsService } from './revocation-ends.service.ts';
import { RevocationSubjectsRepository, type RevocationSubject } from './revocation-subjects.repository.ts';
import { cutoffOf, targetOf } from './revocation-target.ts';
import type { AskedRevocation } from './revocation.model.ts';

/** What a request to revoke comes to. */
export interface RevocationPlan {
  readonly target: RevocationTarget;
  readonly subject: RevocationSubject;
  /** What was issued earlier ends; all where there is none. */
  readonly before: Date | null;
  readonly endsAt: Date | null;
  readonly now: Date;
}

/** Reads requests to revoke, and says who may make them. */
@Injectable()
export class RevocationPlansService {
  constructor(
    private readonly signingKeys: SigningKeysService,
    private readonly subjects: RevocationSubjectsRepository,
    private readonly ends: RevocationEndsService,
  ) {}

  /** Throws VALIDATION_FAILED, and SCOPE_NOT_HELD where only an owner may. */
  async plan(caller: Caller, asked: AskedRevocation): Promise<RevocationPlan> {
    const now = new Date();
    const target = targetOf(asked, (issuer) => this.signingKeys.isOwnIssuer(issuer));
    const before = cutoffOf(target, asked.notBefore, now);
    const subject = await this.subjects.subjectOf(target);
    requireReach(caller, target, subject);
    return { target, subject, before, endsAt: await this.ends.endOf(target, before !== null, subject, now), now };
  }
}

/** What is an owner's, or concerns owners too, is in the hands of who may do everything. Throws SCOPE_NOT_HELD. */
function requireReach(caller: Caller, target: RevocationTarget, { isOwners, isSigningKey }: RevocationSubject): void {
  const isWholeDeployment = target.level === 'iss' && target.issuer === undefined;
  const isForOwners = isOwners || isSigningKey || isWholeDeployment;
  if (isForOwners && !caller.scopes.includes('*')) throw new KeyportError('SCOPE_NOT_HELD', { scope: '*' });
}
