import { Injectable } from '@nestjs/common';
import { HeldEndingService } from '../keys/held-ending.service.ts';
import { RetiredTokensService } from '../keys/retired-tokens.service.ts';
import { SigningKeyChangesService } from '../signing-keys/signing-key-changes.service.ts';
import { SessionEndingService } from '../sessions/session-ending.service.ts';

/** Tells the bus what MongoDB holds and a process did not come to tell before it died. */
@Injectable()
export class UnfinishedService {
  constructor(
    private readonly sessions: SessionEndingService,
    private readonly retired: RetiredTokensService,
    private readonly endings: HeldEndingService,
    private readonly signingKeys: SigningKeyChangesService,
  ) {}

  async complete(): Promise<void> {
    await this.sessions.settle();
    await this.retired.reconcile();
    await this.endings.reconcile();
    await this.signingKeys.tidy();
  }
}
