import { AccessModule } from '@keyport/access';
import { MongoModule } from '@keyport/mongo';
import { Module, type DynamicModule } from '@nestjs/common';
import { AuditHandler } from './audit/audit.handler.ts';
import { AuditReader } from './audit/audit-reader.service.ts';
import { AuditRepository } from './audit/audit.repository.ts';
import { AuditService } from './audit/audit.service.ts';
import { AUTH_CONFIG, type AuthConfig } from './config.ts';
import { GrantsHandler } from './grants/grants.handler.ts';
import { GrantsService } from './grants/grants.service.ts';
import { IngestGrantsHandler } from './grants/ingest-grants.handler.ts';
import { IngestGrantsService } from './grants/ingest-grants.service.ts';
import { LinksHandler } from './grants/links.handler.ts';
import { LinksService } from './grants/links.service.ts';
import { MASTER_KEY, loadMasterKey } from './home/master-key.ts';
import { HeldEndingService } from './keys/held-ending.service.ts';
import { KeyMakersService } from './keys/key-makers.service.ts';
import { KeyMintingService } from './keys/key-minting.service.ts';
import { KeyRotationService } from './keys/key-rotation.service.ts';
import { KeysHandler } from './keys/keys.handler.ts';
import { KeysRepository } from './keys/keys.repository.ts';
import { KeysService } from './keys/keys.service.ts';
import { RetiredTokensService } from './keys/retired-tokens.service.ts';
import { KnownAddressesRepository } from './login-limits/known-addresses.repository.ts';
import { LoginLimitsService } from './login-limits/login-limits.service.ts';
import { PairsRepository } from './login-limits/pairs.repository.ts';
import { WindowsRepository } from './login-limits/windows.repository.ts';
import { ProjectionsService } from './projections/projections.service.ts';
import { UnfinishedService } from './projections/unfinished.service.ts';
import { PublicKeyPresenter } from './public-keys/public-key-presenter.ts';
import { PublicKeyRegistrationService } from './public-keys/public-key-registration.service.ts';
import { PublicKeysHandler } from './public-keys/public-keys.handler.ts';
import { PublicKeysRepository } from './public-keys/public-keys.repository.ts';
import { PublicKeysService } from './public-keys/public-keys.service.ts';
import { AskedRevocationsRepository } from './revocations/asked-revocations.repository.ts';
import { AskedRevocationsService } from './revocations/asked-revocations.service.ts';
import { RevocationEndsService } from './revocations/revocation-ends.service.ts';
import { RevocationPlansService } from './revocations/revocation-plans.service.ts';
import { RevocationProjection } from './revocations/revocation-projection.ts';
import { RevocationSubjectsRepository } from './revocations/revocation-subjects.repository.ts';
import { RevocationsHandler } from './revocations/revocations.handler.ts';
import { RevocationsRepository } from './revocations/revocations.repository.ts';
import { RevocationsService } from './revocations/revocations.service.ts';
import { ReachService } from './rights/reach.service.ts';
import { RightsProjection } from './rights/rights-projection.ts';
import { RightsRepository } from './rights/rights.repository.ts';
import { LoginService } from './sessions/login.service.ts';
import { LogoutService } from './sessions/logout.service.ts';
import { PasswordChangeService } from './sessions/password-change.service.ts';
import { RefreshTokensRepository } from './sessions/refresh-tokens.repository.ts';
import { RefreshService } from './sessions/refresh.service.ts';
import { SessionEndingService } from './sessions/session-ending.service.ts';
import { SessionTokensService } from './sessions/session-tokens.service.ts';
import { SessionsHandler } from './sessions/sessions.handler.ts';
import { SessionsRepository } from './sessions/sessions.repository.ts';
import { KeySetProjection } from './signing-keys/key-set-projection.ts';
import { Sealer } from './signing-keys/sealer.ts';
import { SignedKeysRepository } from './signing-keys/signed-keys.repository.ts';
import { SignedKeysService } from './signing-keys/signed-keys.service.ts';
import { SigningKeyChangesService } from './signing-keys/signing-key-changes.service.ts';
import { SigningKeyMaker } from './signing-keys/signing-key-maker.ts';
import { SigningKeysHandler } from './signing-keys/signing-keys.handler.ts';
import { SigningKeysRepository } from './signing-keys/signing-keys.repository.ts';
import { SigningKeysService } from './signing-keys/signing-keys.service.ts';
import { StartService } from './start.service.ts';
import { AccessTokensService } from './tokens/access-tokens.service.ts';
import { HeldKeysRepository } from './users/held-keys.repository.ts';
import { OwnerRepository } from './users/owner.repository.ts';
import { OwnerService } from './users/owner.service.ts';
import { UserChangesRepository } from './users/user-changes.repository.ts';
import { UsersHandler } from './users/users.handler.ts';
import { UsersRepository } from './users/users.repository.ts';
import { UsersService } from './users/users.service.ts';

@Module({})
export class AppModule {
  static on(config: AuthConfig): DynamicModule {
    return {
      module: AppModule,
      imports: [MongoModule.on(config.MONGODB_URL), AccessModule],
      controllers: [
        SessionsHandler,
        UsersHandler,
        KeysHandler,
        PublicKeysHandler,
        GrantsHandler,
        IngestGrantsHandler,
        LinksHandler,
        AuditHandler,
        RevocationsHandler,
        SigningKeysHandler,
      ],
      providers: [
        { provide: AUTH_CONFIG, useValue: config },
        ...[AuditRepository, AuditReader, AuditService],
        { provide: MASTER_KEY, useFactory: () => loadMasterKey(config) },
        { provide: Sealer, useFactory: (masterKey: string) => new Sealer(masterKey), inject: [MASTER_KEY] },
        ...[SigningKeyMaker, SigningKeysRepository, SigningKeysService, KeySetProjection],
        ...[SignedKeysRepository, SignedKeysService, SigningKeyChangesService],
        ...[RevocationSubjectsRepository, RevocationEndsService, RevocationPlansService],
        ...[AskedRevocationsRepository, AskedRevocationsService],
        ...[UsersRepository, UserChangesRepository, HeldKeysRepository, UsersService, OwnerRepository, OwnerService],
        ...[KnownAddressesRepository, PairsRepository, WindowsRepository, LoginLimitsService],
        ...[SessionsRepository, SessionEndingService, SessionTokensService, RefreshTokensRepository],
        ...[LoginService, LogoutService, RefreshService, PasswordChangeService],
        ...[AccessTokensService, KeysRepository, KeysService, GrantsService, IngestGrantsService, LinksService],
        ...[KeyMintingService, KeyRotationService, KeyMakersService, RetiredTokensService, HeldEndingService],
        ...[PublicKeysRepository, PublicKeysService, PublicKeyRegistrationService, PublicKeyPresenter],
        ...[RightsRepository, RightsProjection, ReachService, UnfinishedService],
        ...[RevocationsRepository, RevocationsService, RevocationProjection, ProjectionsService, StartService],
      ],
    };
  }
}
