import { AccessModule } from '@keyport/access';
import { MongoModule } from '@keyport/mongo';
import { Module, type DynamicModule } from '@nestjs/common';
import { ChangeDeployments } from './changes/change-deployments.ts';
import { ChangeHistories } from './changes/change-histories.repository.ts';
import { ChangeProgress } from './changes/change-progress.service.ts';
import { CHANGE_SETTINGS, type ChangeSettings } from './changes/change-settings.ts';
import { ChangeSweeper } from './changes/change-sweeper.ts';
import { ChangeTails } from './changes/change-tails.service.ts';
import { ChangeTracking } from './changes/change-tracking.service.ts';
import { ChangedRecords } from './changes/changed-records.repository.ts';
import { ChangesHandler } from './changes/changes.handler.ts';
import { ChangesService } from './changes/changes.service.ts';
import { IncrementReply } from './changes/increment-reply.service.ts';
import { Increments } from './changes/increments.service.ts';
import { SinceCursors } from './changes/since-cursors.service.ts';
import { StreamStates } from './changes/stream-states.repository.ts';
import type { RecordsConfig } from './config.ts';
import { DatasetRepository } from './datasets/dataset.repository.ts';
import { DatasetService } from './datasets/dataset.service.ts';
import { DatasetsHandler } from './datasets/datasets.handler.ts';
import { IndexBuilder } from './datasets/index-builder.service.ts';
import { RetiredCollections } from './datasets/retired-collections.repository.ts';
import { DryRuns } from './dry-runs/dry-runs.repository.ts';
import { DryRunsHandler } from './dry-runs/dry-runs.handler.ts';
import { DryRunsService } from './dry-runs/dry-runs.service.ts';
import { DocumentMatcher } from './limits/document-matcher.ts';
import { VisibleRows } from './limits/visible-rows.ts';
import { PutRecordService } from './records/put-record.service.ts';
import { DeleteRecordService } from './records/delete-record.service.ts';
import { RecordRepository } from './records/record.repository.ts';
import { RecordService } from './records/record.service.ts';
import { RecordsHandler } from './records/records.handler.ts';
import { CursorSeal } from './scanning/cursor-seal.ts';
import { LargeRecords } from './scanning/large-records.service.ts';
import { LimitedPages } from './scanning/limited-pages.service.ts';
import { ScanHandler } from './scanning/scan.handler.ts';
import { ScanRepository } from './scanning/scan.repository.ts';
import { PageReader } from './scanning/page-reader.service.ts';
import { ScannedDatasets } from './scanning/scanned-datasets.service.ts';
import { ScanService } from './scanning/scan.service.ts';
import { Snapshots } from './scanning/snapshots.service.ts';
import { OrdersRepository } from './selecting/orders.repository.ts';
import { SelectedPages } from './selecting/selected-pages.service.ts';
import { SortedPages } from './selecting/sorted-pages.service.ts';
import { DatasetSessions } from './sources/dataset-sessions.service.ts';
import { MappedCollections } from './sources/mapped-collection.service.ts';
import { Places } from './sources/places.service.ts';
import { SOURCE_SETTINGS, type SourceSettings } from './sources/source-settings.ts';
import { Sources } from './sources/sources.service.ts';
import { SchemaChecks } from './schema-checks/schema-checks.service.ts';
import { SchemaChecksHandler } from './schema-checks/schema-checks.handler.ts';
import { StoredRecords } from './schema-checks/stored-records.repository.ts';
import { StoredState } from './stored-state.ts';
import { ChangeSums } from './telling/change-sums.service.ts';
import { NotedChanges } from './telling/noted-changes.repository.ts';
import { tellingEvents } from './telling/outboxes.ts';
import { EventsHandler } from './ingesting/events.handler.ts';
import { EventsService } from './ingesting/events.service.ts';
import { EVENTS_KEEP_MS, WrittenEventsRepository } from './ingesting/written-events.repository.ts';
import { InsertedRecordsRepository } from './undoing/inserted-records.repository.ts';
import { UndoHandler } from './undoing/undo.handler.ts';
import { UndoService } from './undoing/undo.service.ts';
import { ChunkPlanner } from './writing/chunk-planner.service.ts';
import { ChunkRepository } from './writing/chunk.repository.ts';
import { ChunkWriter } from './writing/chunk-writer.service.ts';
import { LedgerRepository } from './writing/ledger.repository.ts';
import { StoredRowsRepository } from './writing/stored-rows.repository.ts';
import { WriteAttempts } from './writing/write-attempts.ts';
import { WriteHandler } from './writing/write.handler.ts';
import { WriteService } from './writing/write.service.ts';
import { WRITE_CONCURRENCY, WriteSessions } from './writing/write-sessions.ts';

@Module({})
export class AppModule {
  static with(config: RecordsConfig): DynamicModule {
    return {
      module: AppModule,
      imports: [MongoModule.on(config.MONGODB_URL), AccessModule],
      controllers: [
        DatasetsHandler,
        WriteHandler,
        EventsHandler,
        UndoHandler,
        ScanHandler,
        RecordsHandler,
        DryRunsHandler,
        SchemaChecksHandler,
        ChangesHandler,
      ],
      providers: [
        { provide: WRITE_CONCURRENCY, useValue: config.RECORDS_WRITE_CONCURRENCY },
        { provide: EVENTS_KEEP_MS, useValue: config.RECORDS_EVENTS_KEEP_SECONDS * 1000 },
        { provide: SOURCE_SETTINGS, useValue: sourcesOf(config) },
        { provide: CHANGE_SETTINGS, useValue: changesOf(config) },
        ...[Sources, Places, MappedCollections, DatasetSessions],
        ...[StoredState, RetiredCollections, DatasetRepository, IndexBuilder, DatasetService],
        ...[DocumentMatcher, VisibleRows],
        ...[DryRuns, DryRunsService],
        ...[SchemaChecks, StoredRecords],
        ...[WriteSessions, LedgerRepository, StoredRowsRepository, ChunkRepository],
        ...[ChunkPlanner, ChunkWriter, WriteAttempts, WriteService],
        ...[InsertedRecordsRepository, UndoService],
        ...[WrittenEventsRepository, EventsService],
        ...[
          ScanRepository,
          CursorSeal,
          LimitedPages,
          Snapshots,
          PageReader,
          ScannedDatasets,
          ScanService,
          LargeRecords,
        ],
        ...[OrdersRepository, SortedPages, SelectedPages],
        ...[StreamStates, ChangeHistories, ChangeDeployments, ChangeTracking, ChangeTails, ChangeSweeper],
        ...[ChangeProgress, ChangedRecords, SinceCursors, Increments, IncrementReply, ChangesService],
        ...[NotedChanges, ChangeSums],
        ...tellingEvents,
        ...[RecordRepository, RecordService, PutRecordService, DeleteRecordService],
      ],
    };
  }
}

const changesOf = (config: RecordsConfig): ChangeSettings => ({
  keepMs: config.RECORDS_CHANGES_KEEP_SECONDS * 1000,
  leaseMs: config.RECORDS_CHANGES_LEASE_SECONDS * 1000,
});

const sourcesOf = (config: RecordsConfig): SourceSettings => ({
  addresses: config.KEYPORT_SOURCES ?? {},
  ledgerDatabase: config.KEYPORT_LEDGER_DATABASE,
});
