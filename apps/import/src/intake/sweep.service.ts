import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { IMPORT_CONFIG, type ImportConfig } from '../config.ts';
import { ImportsRepository } from '../imports/imports.repository.ts';
import { LostDatasets } from './lost-datasets.service.ts';
import { SpoolPurge } from './spool-purge.service.ts';
import { Wake } from './wake.ts';

const cleanEveryMs = 10_000;

/** What nobody is waiting for: uploads that expire, and pieces that no import needs any more. */
@Injectable()
export class SweepService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('sweep');
  private readonly wake = new Wake();
  private stopping = false;
  private loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly imports: ImportsRepository,
    private readonly datasets: LostDatasets,
    private readonly purge: SpoolPurge,
    @Inject(IMPORT_CONFIG) private readonly config: ImportConfig,
  ) {}

  onApplicationBootstrap(): void {
    this.loop = this.run();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    this.wake.now();
    await this.loop;
  }

  /** Ends uploads that nobody went on with, and frees what finished imports left or were sent after their end. */
  async clean(): Promise<void> {
    const touchedBefore = new Date(Date.now() - this.config.KEYPORT_UPLOAD_EXPIRES_SECONDS * 1000);
    await this.imports.expire(touchedBefore);
    await this.datasets.endImports();
    await this.purge.leftovers();
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      await this.wake.within(cleanEveryMs);
      if (this.stopping) return;
      try {
        await this.clean();
      } catch (error) {
        this.logger.warn({ err: error }, 'a sweep did not come to its end');
      }
    }
  }
}
