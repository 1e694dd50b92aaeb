import { AccessModule } from '@keyport/access';
import { MongoModule } from '@keyport/mongo';
import { Module, type DynamicModule } from '@nestjs/common';
import { IMPORT_CONFIG, type ImportConfig } from './config.ts';
import { DeadLettersHandler } from './dead-letters/dead-letters.handler.ts';
import { DeadLettersRepository } from './dead-letters/dead-letters.repository.ts';
import { DeadLettersService } from './dead-letters/dead-letters.service.ts';
import { ReplayService } from './dead-letters/replay.service.ts';
import { AcceptanceService } from './imports/acceptance.service.ts';
import { DryRunEnding } from './imports/dry-run-ending.service.ts';
import { ImportControlHandler } from './imports/import-control.handler.ts';
import { ImportsHandler } from './imports/imports.handler.ts';
import { ImportsRepository } from './imports/imports.repository.ts';
import { ImportsService } from './imports/imports.service.ts';
import { PausingRepository } from './imports/pausing.repository.ts';
import { PausingService } from './imports/pausing.service.ts';
import { UploadsService } from './imports/uploads.service.ts';
import { IngestHoldsRepository } from './ingest/ingest-holds.repository.ts';
import { IngestReader } from './ingest/ingest-reader.service.ts';
import { IngestService } from './ingest/ingest.service.ts';
import { IngestStream } from './ingest/ingest-stream.ts';
import { IngestTargets } from './ingest/ingest-targets.ts';
import { IngestWriter } from './ingest/ingest-writer.service.ts';
import { ChunkDoubts } from './intake/chunk-doubts.service.ts';
import { ChunkSource } from './intake/chunk-source.service.ts';
import { Conclusion } from './intake/conclusion.service.ts';
import { IdleUploads } from './intake/idle-uploads.service.ts';
import { ImportRunner } from './intake/import-runner.service.ts';
import { IntakeService } from './intake/intake.service.ts';
import { Interruption } from './intake/interruption.service.ts';
import { LeasesRepository } from './intake/leases.repository.ts';
import { LostDatasets } from './intake/lost-datasets.service.ts';
import { ProgressRepository } from './intake/progress.repository.ts';
import { RightsWatch } from './intake/rights-watch.service.ts';
import { Spool } from './intake/spool.ts';
import { SpoolRoom } from './intake/spool-room.service.ts';
import { SpoolPurge } from './intake/spool-purge.service.ts';
import { SpoolReader } from './intake/spool-reader.ts';
import { SweepService } from './intake/sweep.service.ts';
import { tellingEvents } from './outboxes.ts';
import { ChunkWriter } from './parsing/chunk-writer.service.ts';
import { PreviewsHandler } from './previewing/previews.handler.ts';
import { PreviewsService } from './previewing/previews.service.ts';
import { ConcurrentImports } from './quotas/concurrent-imports.service.ts';
import { HolderLimits } from './quotas/holder-limits.service.ts';
import { QuotasService } from './quotas/quotas.service.ts';
import { UsedQuotasRepository } from './quotas/used-quotas.repository.ts';
import { RejectedRowsRepository } from './rejects/rejected-rows.repository.ts';
import { RejectsHandler } from './rejects/rejects.handler.ts';
import { RejectsService } from './rejects/rejects.service.ts';
import { RejectedRowsReader } from './retrying/rejected-rows-reader.ts';
import { RetriesRepository } from './retrying/retries.repository.ts';
import { RetryHandler } from './retrying/retry.handler.ts';
import { RetryService } from './retrying/retry.service.ts';
import { Continuation } from './uploads/continuation.service.ts';
import { ResumableUploadsHandler } from './uploads/resumable-uploads.handler.ts';
import { ResumableUploads } from './uploads/resumable-uploads.service.ts';
import { UploadFence } from './uploads/upload-fence.ts';
import { UploadsRepository } from './uploads/uploads.repository.ts';
import { UndoHandler } from './undoing/undo.handler.ts';
import { UndoRunner } from './undoing/undo-runner.service.ts';
import { UndoService } from './undoing/undo.service.ts';
import { UndosRepository } from './undoing/undos.repository.ts';
import { StoredState } from './stored-state.ts';

@Module({})
export class AppModule {
  static on(config: ImportConfig): DynamicModule {
    return {
      module: AppModule,
      imports: [MongoModule.on(config.MONGODB_URL), AccessModule],
      controllers: [
        ImportsHandler,
        RejectsHandler,
        ImportControlHandler,
        UndoHandler,
        RetryHandler,
        ResumableUploadsHandler,
        PreviewsHandler,
        DeadLettersHandler,
      ],
      providers: [
        { provide: IMPORT_CONFIG, useValue: config },
        StoredState,
        ...tellingEvents,
        ...[ImportsRepository, AcceptanceService, ImportsService, UploadsService, DryRunEnding],
        ...[
          Spool,
          SpoolRoom,
          SpoolReader,
          SpoolPurge,
          LostDatasets,
          ChunkSource,
          ChunkWriter,
          ChunkDoubts,
          Interruption,
          RightsWatch,
        ],
        ...[UploadsRepository, UploadFence, Continuation, ResumableUploads],
        PausingRepository,
        PausingService,
        ...[UndosRepository, UndoRunner, UndoService],
        ...[RejectedRowsRepository, RejectsService],
        ...[RetriesRepository, RejectedRowsReader, RetryService],
        PreviewsService,
        ...[HolderLimits, UsedQuotasRepository, QuotasService, ConcurrentImports],
        ...[IngestHoldsRepository, IngestStream, IngestTargets, IngestWriter, IngestReader, IngestService],
        ...[DeadLettersRepository, DeadLettersService, ReplayService],
        ...[LeasesRepository, ProgressRepository, ImportRunner, IdleUploads, Conclusion, IntakeService, SweepService],
      ],
    };
  }
}
