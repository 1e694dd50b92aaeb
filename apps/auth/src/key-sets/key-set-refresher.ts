import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { IssuersRepository } from '../issuers/issuers.repository.ts';
import { Parallel } from '../projections/parallel.ts';
import { KeySetsService } from './key-sets.service.ts';

const lookEveryMs = 1_000;
/** Key sets fetched side by side: one that answers slowly holds up few. */
const atOnce = 8;

/** Fetches key sets ahead of need, in the background. */
@Injectable()
export class KeySetRefresher implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(KeySetRefresher.name);
  private readonly stopping = new AbortController();

  constructor(
    private readonly issuers: IssuersRepository,
    private readonly keySets: KeySetsService,
  ) {}

  onApplicationBootstrap(): void {
    void this.run(this.stopping.signal);
  }

  onApplicationShutdown(): void {
    this.stopping.abort();
  }

  private async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await delay(lookEveryMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await this.fetchDue();
      } catch (error) {
        // The next look makes up for this one.
        if (!signal.aborted) this.logger.error(error);
      }
    }
  }

  private async fetchDue(): Promise<void> {
    const fetches = new Parallel(atOnce);
    for (const issuerId of await this.issuers.fetchDue(new Date(), 100)) {
      await fetches.begin(() => this.keySets.refresh(issuerId));
    }
    await fetches.done();
  }
}
