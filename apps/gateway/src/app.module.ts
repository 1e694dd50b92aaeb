import { MessagingModule } from '@keyport/messaging';
import { loggingModule } from '@keyport/service';
import { Global, Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import type { NatsConnection } from '@nats-io/transport-node';
import { GatewayAccessModule } from './access/access.module.ts';
import { AuditModule } from './audit/audit.module.ts';
import { ClientsController } from './auth/clients.controller.ts';
import { AuditController } from './auth/audit.controller.ts';
import { IssuersController } from './auth/issuers.controller.ts';
import { KeysController } from './auth/keys.controller.ts';
import { MeController } from './auth/me.controller.ts';
import { PublicKeysController } from './auth/public-keys.controller.ts';
import { RevocationsController } from './auth/revocations.controller.ts';
import { SessionsController } from './auth/sessions.controller.ts';
import { SigningKeysController } from './auth/signing-keys.controller.ts';
import { UsersController } from './auth/users.controller.ts';
import { TokensController } from './auth/tokens.controller.ts';
import { WellKnownController } from './auth/well-known.controller.ts';
import { GATEWAY_CONFIG, type GatewayConfig } from './config.ts';
import { DatasetsController } from './datasets/datasets.controller.ts';
import { SchemaChecksController } from './datasets/schema-checks.controller.ts';
import { DeadLettersController } from './events/dead-letters.controller.ts';
import { DevicePageController } from './devices/device-page.controller.ts';
import { DevicesController } from './devices/devices.controller.ts';
import { ExportControlController } from './exports/export-control.controller.ts';
import { ExportEvents } from './exports/export-events.service.ts';
import { ExportFile } from './exports/export-file.ts';
import { ExportLinksController } from './exports/export-links.controller.ts';
import { ExportsController } from './exports/exports.controller.ts';
import { HealthController } from './health/health.controller.ts';
import { Readiness } from './health/readiness.ts';
import { ProblemFilter } from './http/problem.filter.ts';
import { RouteTable } from './http/route-table.ts';
import { ImportControlController } from './imports/import-control.controller.ts';
import { ImportEvents } from './imports/import-events.service.ts';
import { ImportWaiter } from './imports/import-waiter.ts';
import { ImportsController } from './imports/imports.controller.ts';
import { PreviewsController } from './imports/previews.controller.ts';
import { ImportsService } from './imports/imports.service.ts';
import { RejectsController } from './imports/rejects.controller.ts';
import { RejectsStream } from './imports/rejects-stream.ts';
import { RetryController } from './imports/retry.controller.ts';
import { UndoController } from './imports/undo.controller.ts';
import { LimitsModule } from './limits/limits.module.ts';
import { Introspector } from './oauth/introspector.ts';
import { OauthController } from './oauth/oauth.controller.ts';
import { RecordsController } from './records/records.controller.ts';
import { RecordsStream } from './records/records-stream.ts';
import { Spooling } from './spool/spooling.service.ts';
import { UploadPublisher } from './spool/upload-publisher.ts';
import { CheckedBodies } from './uploads/checked-body.ts';
import { UploadsController } from './uploads/uploads.controller.ts';
import { UploadsService } from './uploads/uploads.service.ts';

@Global()
@Module({})
class ConfigModule {
  static of(config: GatewayConfig): DynamicModule {
    return {
      module: ConfigModule,
      providers: [{ provide: GATEWAY_CONFIG, useValue: config }],
      exports: [GATEWAY_CONFIG],
    };
  }
}

@Module({
  controllers: [
    SessionsController,
    KeysController,
    PublicKeysController,
    ClientsController,
    OauthController,
    IssuersController,
    DevicesController,
    DevicePageController,
    AuditController,
    RevocationsController,
    SigningKeysController,
    UsersController,
    MeController,
    TokensController,
    WellKnownController,
    DatasetsController,
    SchemaChecksController,
    ImportsController,
    PreviewsController,
    RejectsController,
    ImportControlController,
    UndoController,
    RetryController,
    UploadsController,
    ExportsController,
    ExportControlController,
    ExportLinksController,
    RecordsController,
    DeadLettersController,
    HealthController,
  ],
  providers: [
    { provide: APP_FILTER, useClass: ProblemFilter },
    ExportEvents,
    ExportFile,
    ImportsService,
    ImportEvents,
    ImportWaiter,
    Introspector,
    Readiness,
    RecordsStream,
    RejectsStream,
    RouteTable,
    CheckedBodies,
    Spooling,
    UploadPublisher,
    UploadsService,
  ],
})
export class AppModule {
  static on(connection: NatsConnection, config: GatewayConfig): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.of(config),
        loggingModule('gateway', config.LOG_LEVEL),
        MessagingModule.on(connection, 'gateway', config.KEYPORT_STALE_VIEW_SECONDS),
        TerminusModule.forRoot({ logger: false }),
        GatewayAccessModule,
        LimitsModule,
        AuditModule,
      ],
    };
  }
}
