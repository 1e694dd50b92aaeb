import { setTimeout as delay } from 'node:timers/promises';
import { CallerVerifier, isGrantLost } from '@keyport/access';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Failure } from '../imports/import.model.ts';
import { ImportsRepository } from '../imports/imports.repository.ts';
import { IntakeService } from './intake.service.ts';
import { Interruption } from './interruption.service.ts';

/** With the time that a change takes to be seen, and that chunks under way take to be answered, well under a second. */
const lookMs = 300;

/** Grants of imports that rest are looked at after every change, and after so long: another process may see it earlier. */
const restingMs = 5_000;

const rightsLost: Failure = { code: 'RIGHTS_LOST', params: {} };

/**
 * Ends imports whose rights were taken away, also while they wait: for more of their upload, or for a place. `records`
 * judges every chunk by itself; here is seen what sends none.
 */
@Injectable()
export class RightsWatch implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('intake');
  private stopping = false;
  private seen = { version: -1, at: 0 };
  private loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly verifier: CallerVerifier,
    private readonly imports: ImportsRepository,
    private readonly intake: IntakeService,
    private readonly interruption: Interruption,
  ) {}

  onApplicationBootstrap(): void {
    this.loop = this.watch();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    await this.loop;
  }

  private async watch(): Promise<void> {
    while (!this.stopping) {
      try {
        await this.look();
      } catch (error) {
        this.logger.warn({ err: error }, 'the rights of imports could not be looked at');
      }
      await delay(lookMs);
    }
  }

  private async look(): Promise<void> {
    for (const run of this.intake.running())
      if (await isGrantLost(this.verifier, run.document.grant)) run.fail(rightsLost);
    const { version } = this.verifier;
    if (version === this.seen.version && Date.now() - this.seen.at < restingMs) return;
    for (const { _id, grant } of await this.imports.resting()) {
      if (await isGrantLost(this.verifier, grant)) await this.interruption.fail(_id, rightsLost);
    }
    this.seen = { version, at: Date.now() };
  }
}
