import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { EXPORT_SETTINGS, type ExportSettings } from './export-settings.ts';
import { ExportsRepository } from './exports.repository.ts';

/** Ends the time of old files and deletes what nobody may read again. Several processes may do it at once. */
@Injectable()
export class ExportSweeper implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('exports');
  private timer: NodeJS.Timeout | undefined;
  private sweeping = Promise.resolve();

  constructor(
    private readonly exports: ExportsRepository,
    @Inject(EXPORT_SETTINGS) private readonly settings: ExportSettings,
  ) {}

  onApplicationBootstrap(): void {
    this.schedule();
  }

  async onModuleDestroy(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.sweeping;
    clearTimeout(this.timer);
  }

  private schedule(): void {
    this.timer = setTimeout(() => {
      this.sweeping = this.sweep()
        .catch((error: unknown) => this.logger.error(error))
        .finally(() => this.schedule());
    }, this.settings.sweepMs);
  }

  private async sweep(): Promise<void> {
    await this.exports.expire(new Date());
    for (const { _id } of await this.exports.findSpent()) await this.exports.free(_id);
  }
}
