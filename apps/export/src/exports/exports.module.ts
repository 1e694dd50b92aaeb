import { AccessModule } from '@keyport/access';
import { MONGO_CONNECTION, syncIndexes } from '@keyport/mongo';
import { Inject, Module, type DynamicModule, type OnModuleInit } from '@nestjs/common';
import type { Connection } from 'mongoose';
import { ReadingModule } from '../reading/reading.module.ts';
import { EXPORT_SETTINGS, type ExportSettings } from './export-settings.ts';
import { ExportFiles } from './export-files.service.ts';
import { ExportRoom } from './export-room.service.ts';
import { ExportRunner } from './export-runner.service.ts';
import { ExportSweeper } from './export-sweeper.service.ts';
import { ExportWriter } from './export-writer.service.ts';
import { ExportsHandler } from './exports.handler.ts';
import { ExportsRepository } from './exports.repository.ts';
import { ExportsService } from './exports.service.ts';
import { tellingEvents } from './outboxes.ts';
import { PartsRepository } from './parts.repository.ts';
import { RoomRepository } from './room.repository.ts';
import { RunsRepository } from './runs.repository.ts';

@Module({})
export class ExportsModule implements OnModuleInit {
  constructor(@Inject(MONGO_CONNECTION) private readonly connection: Connection) {}

  static with(settings: ExportSettings): DynamicModule {
    return {
      module: ExportsModule,
      imports: [AccessModule, ReadingModule],
      controllers: [ExportsHandler],
      providers: [
        { provide: EXPORT_SETTINGS, useValue: settings },
        ...tellingEvents,
        ...[ExportsService, ExportFiles, ExportRunner, ExportWriter, ExportSweeper, ExportRoom],
        ...[ExportsRepository, RunsRepository, PartsRepository, RoomRepository],
      ],
    };
  }

  async onModuleInit(): Promise<void> {
    await syncIndexes(this.connection);
  }
}
