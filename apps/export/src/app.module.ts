import { AccessModule } from '@keyport/access';
import { MongoModule } from '@keyport/mongo';
import { Module, type DynamicModule } from '@nestjs/common';
import type { ExportConfig } from './config.ts';
import { defaultSettings, type ExportSettings } from './exports/export-settings.ts';
import { ExportsModule } from './exports/exports.module.ts';
import { PagesModule } from './pages/pages.module.ts';

@Module({})
export class AppModule {
  static with(config: ExportConfig): DynamicModule {
    const settings: ExportSettings = {
      ...defaultSettings,
      keepMs: config.EXPORT_KEEP_SECONDS * 1000,
      leaseMs: config.EXPORT_LEASE_SECONDS * 1000,
      sweepMs: config.EXPORT_SWEEP_SECONDS * 1000,
      concurrency: config.EXPORT_CONCURRENCY,
      unfinishedOfHolder: config.KEYPORT_EXPORTS_UNFINISHED_PER_HOLDER,
      unfinishedInAll: config.KEYPORT_EXPORTS_UNFINISHED,
      storedBytes: config.KEYPORT_EXPORTS_BYTES,
    };
    return {
      module: AppModule,
      imports: [AccessModule, MongoModule.on(config.MONGODB_URL), PagesModule, ExportsModule.with(settings)],
    };
  }
}
