import { setTimeout as delay } from 'node:timers/promises';
import { revocationKey, type RevocationTarget } from '@keyport/access';
import { buckets } from '@keyport/contracts';
import { BUS_CONNECTION, createBucket } from '@keyport/messaging';
import { Inject, Injectable } from '@nestjs/common';
import type { NatsConnection } from '@nats-io/transport-node';
import { showEntry } from '../projections/show-entry.ts';
import { cutoffSeconds, mergedEntry } from './revocation-entries.ts';
import { RevocationsRepository } from './revocations.repository.ts';

export interface EndingOptions {
  /** When the revocation no longer matters: after the end of the last token, and grant, that it could concern. */
  readonly endsAt: Date;
  /** What was issued earlier ends; all where there is none. */
  readonly before?: Date | null;
  /** Holds from then on only: whoever follows the bus is told at once, and keeps to it by their own clock. */
  readonly from?: Date;
  /** `sub` of who revokes. */
  readonly by: string;
  readonly reason?: string;
}

/** Ends tokens: stored by a majority in MongoDB, then shown on the bus to all who verify them. */
@Injectable()
export class RevocationsService {
  constructor(
    private readonly revocations: RevocationsRepository,
    @Inject(BUS_CONNECTION) private readonly connection: NatsConnection,
  ) {}

  /**
   * Revokes as a consequence of something else, such as a sign-out; the same may be done again. Resolves once the bus
   * holds it. With `before` of now, what is issued from then on is good.
   */
  async end(target: RevocationTarget, { endsAt, before, from, by, reason }: EndingOptions): Promise<void> {
    const key = revocationKey(target);
    const cutoff = before ? cutoffSeconds(before) : null;
    const ending = { before: cutoff, endsAt, from: from ?? null, createdBy: by, reason: reason ?? null };
    await this.revocations.end({ key, createdAt: new Date(), ...ending });
    await this.show(key);
    await untilPast(cutoff);
  }

  /** Lets a revocation last until something ends that was made after it and must be refused as well. */
  async keepUntil(target: RevocationTarget, endsAt: Date): Promise<void> {
    const key = revocationKey(target);
    if ((await this.revocations.cutoffsOf(key)).length === 0) return;
    await this.revocations.keepUntil(key, endsAt);
    await this.show(key);
  }

  /** Resolves once the bus holds for this key of KV `revocations` what MongoDB has for it. */
  async show(key: string): Promise<void> {
    const kv = await createBucket(this.connection, buckets.revocations);
    await showEntry(kv, key, async () => mergedEntry(await this.revocations.cutoffsOf(key), new Date()) ?? null);
  }
}

/** `iat` counts whole seconds: a token made in the rest of the second that a cutoff ends would be revoked with the others. */
export async function untilPast(cutoff: number | null): Promise<void> {
  const restMs = cutoff === null ? 0 : cutoff * 1000 - Date.now();
  if (restMs > 0 && restMs <= 1_000) await delay(restMs);
}
