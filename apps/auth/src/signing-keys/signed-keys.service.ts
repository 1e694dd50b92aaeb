import { Injectable } from '@nestjs/common';
import { HeldEndingService } from '../keys/held-ending.service.ts';
import type { Key } from '../keys/key.model.ts';
import { KeysRepository } from '../keys/keys.repository.ts';
import { Parallel } from '../projections/parallel.ts';
import { revocationKeptUntil } from '../revocations/revocation-entries.ts';
import { SignedKeysRepository } from './signed-keys.repository.ts';

const perBatch = 200;
/** Keys revoked side by side; each waits for a majority and for the bus. */
const atOnce = 16;

/** API keys whose tokens a signing key has signed: they are no more than what it vouches for. */
@Injectable()
export class SignedKeysService {
  constructor(
    private readonly signed: SignedKeysRepository,
    private readonly keys: KeysRepository,
    private readonly endings: HeldEndingService,
  ) {}

  hasLiving(kid: string): Promise<boolean> {
    return this.signed.hasLiving(kid, new Date());
  }

  /** When nothing that it signed can be shown any more, and no job runs on it. */
  async endOf(kid: string): Promise<Date> {
    const now = new Date();
    return revocationKeptUntil((await this.signed.lastEnd(kid)) ?? now, now);
  }

  /** Revokes them, and whatever was made through them. The same may be ended again. */
  async end(kid: string): Promise<void> {
    for (;;) {
      const keys = await this.signed.unrevoked(kid, perBatch);
      if (keys.length === 0) return;
      const revoking = new Parallel(atOnce);
      for (const key of keys) await revoking.begin(() => this.revoke(key));
      await revoking.done();
    }
  }

  private async revoke(key: Key): Promise<void> {
    const now = new Date();
    const revoked = await this.keys.revoke(key, now, revocationKeptUntil(key.expiresAt, now));
    // Otherwise its token was replaced a moment ago, by one that another key has signed.
    if (revoked) await this.endings.endKey(revoked);
  }
}
