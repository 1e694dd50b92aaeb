import { maxAccessLifetimeSeconds, type RevocationTarget } from '@keyport/access';
import { maxPublicKeyLifetimeSeconds } from '@keyport/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { AUTH_CONFIG, type AuthConfig } from '../config.ts';
import { revocationKeptUntil } from './revocation-entries.ts';
import { RevocationSubjectsRepository, type RevocationSubject } from './revocation-subjects.repository.ts';

/** Says how long a revocation that was asked for matters: as long as a token could be shown that it concerns. */
@Injectable()
export class RevocationEndsService {
  constructor(
    private readonly subjects: RevocationSubjectsRepository,
    @Inject(AUTH_CONFIG) private readonly config: AuthConfig,
  ) {}

  /** Null where it matters for ever: what was revoked altogether, and goes on to issue tokens that must be refused. */
  async endOf(
    target: RevocationTarget,
    isCutoff: boolean,
    { key }: RevocationSubject,
    now: Date,
  ): Promise<Date | null> {
    if (key) return revocationKeptUntil(key.expiresAt, now);
    if (!isCutoff && (target.level === 'kid' || target.level === 'client')) return null;
    const isOthers = 'issuer' in target && target.issuer !== undefined;
    return revocationKeptUntil(isOthers ? secondsAfter(now, maxAccessLifetimeSeconds) : await this.lastEnd(now), now);
  }

  /** When the last token of this deployment ends that was made until now; what earlier policies allowed included. */
  private async lastEnd(now: Date): Promise<Date> {
    const { KEYPORT_KEY_MAX_SECONDS: policySeconds } = this.config;
    const longest = secondsAfter(now, Math.max(policySeconds, maxPublicKeyLifetimeSeconds));
    const lastKeyEnd = await this.subjects.lastKeyEnd();
    return lastKeyEnd && lastKeyEnd > longest ? lastKeyEnd : longest;
  }
}

const secondsAfter = (instant: Date, seconds: number) => new Date(instant.getTime() + seconds * 1000);
