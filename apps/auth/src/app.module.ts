import { AccessModule } from '@keyport/access';
import { MongoModule } from '@keyport/mongo';
import { Module, type DynamicModule } from '@nestjs/common';
import { UsedAssertionsRepository } from './assertions/used-assertions.repository.ts';
import { AuditHandler } from './audit/audit.handler.ts';
import { AuditReader } from './audit/audit-reader.service.ts';
import { AuditRepository } from './audit/audit.repository.ts';
import { AuditService } from './audit/audit.service.ts';
import { busAccessProviders } from './bus-access/bus-access.providers.ts';
import { ClientAuthenticationService } from './clients/client-authentication.service.ts';
import { ClientFailuresService } from './clients/client-failures.service.ts';
import { ClientsHandler } from './clients/clients.handler.ts';
import { ClientsRepository } from './clients/clients.repository.ts';
import { ClientsService } from './clients/clients.service.ts';
import { AUTH_CONFIG, type AuthConfig } from './config.ts';
import { CodeGuessesService } from './devices/code-guesses.service.ts';
import { DeviceApprovalService } from './devices/device-approval.service.ts';
import { DeviceAuthorizationService } from './devices/device-authorization.service.ts';
import { DeviceAuthorizationsRepository } from './devices/device-authorizations.repository.ts';
import { DeviceRedemptionService } from './devices/device-redemption.service.ts';
import { DeviceSessionsService } from './devices/device-sessions.service.ts';
import { DevicesHandler } from './devices/devices.handler.ts';
import { GrantsHandler } from './grants/grants.handler.ts';
import { GrantsService } from './grants/grants.service.ts';
import { IngestGrantsHandler } from './grants/ingest-grants.handler.ts';
import { IngestGrantsService } from './grants/ingest-grants.service.ts';
import { LinksHandler } from './grants/links.handler.ts';
import { LinksService } from './grants/links.service.ts';
import { MASTER_KEY, loadMasterKey } from './home/master-key.ts';
import { IssuersHandler } from './issuers/issuers.handler.ts';
import { IssuersRepository } from './issuers/issuers.repository.ts';
import { IssuersService } from './issuers/issuers.service.ts';
import { KeySetRefresher } from './key-sets/key-set-refresher.ts';
import { KeySetsService } from './key-sets/key-sets.service.ts';
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
import { ClientCredentialsGrant } from './oauth/client-credentials.grant.ts';
import { DeviceCodeGrant } from './oauth/device-code.grant.ts';
import type { Grant } from './oauth/grant.ts';
import { GrantRegistry } from './oauth/grant-registry.ts';
import { IntrospectionService } from './oauth/introspection.service.ts';
import { ExternalTokensService } from './oauth/external-tokens.service.ts';
import { JwtBearerGrant } from './oauth/jwt-bearer.grant.ts';
import { OAuthHandler } from './oauth/oauth.handler.ts';
import { OAuthTokensService } from './oauth/oauth-tokens.service.ts';
import { RefreshTokenGrant } from './oauth/refresh-token.grant.ts';
import { RefreshTokenStatesService } from './oauth/refresh-token-states.service.ts';
import { SubjectTokensService } from './oauth/subject-tokens.service.ts';
import { TokenEndpointService } from './oauth/token-endpoint.service.ts';
import { TokenExchangeGrant } from './oauth/token-exchange.grant.ts';
import { TokenRevocationService } from './oauth/token-revocation.service.ts';
import { TokenStatesService } from './oauth/token-states.service.ts';
import { tellingEvents } from './outboxes.ts';
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
import { SessionListService } from './sessions/session-list.service.ts';
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

/** Every way to get a token at the token endpoint. */
const grants = [ClientCredentialsGrant, RefreshTokenGrant, TokenExchangeGrant, JwtBearerGrant, DeviceCodeGrant];

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
        IssuersHandler,
        GrantsHandler,
        IngestGrantsHandler,
        LinksHandler,
        AuditHandler,
        RevocationsHandler,
        SigningKeysHandler,
        ClientsHandler,
        OAuthHandler,
        DevicesHandler,
      ],
      providers: [
        { provide: AUTH_CONFIG, useValue: config },
        ...tellingEvents,
        ...[AuditRepository, AuditReader, AuditService],
        { provide: MASTER_KEY, useFactory: () => loadMasterKey(config) },
        { provide: Sealer, useFactory: (masterKey: string) => new Sealer(masterKey), inject: [MASTER_KEY] },
        ...[SigningKeyMaker, SigningKeysRepository, SigningKeysService, KeySetProjection],
        ...[SignedKeysRepository, SignedKeysService, SigningKeyChangesService],
        ...[RevocationSubjectsRepository, RevocationEndsService, RevocationPlansService],
        ...[AskedRevocationsRepository, AskedRevocationsService],
        ...[UsersRepository, UserChangesRepository, HeldKeysRepository, UsersService, OwnerRepository, OwnerService],
        ...[KnownAddressesRepository, PairsRepository, WindowsRepository, LoginLimitsService],
        ...[
          SessionsRepository,
          SessionEndingService,
          SessionListService,
          SessionTokensService,
          RefreshTokensRepository,
        ],
        ...[LoginService, LogoutService, RefreshService, PasswordChangeService],
        ...[AccessTokensService, KeysRepository, KeysService, GrantsService, IngestGrantsService, LinksService],
        ...[KeyMintingService, KeyRotationService, KeyMakersService, RetiredTokensService, HeldEndingService],
        ...[PublicKeysRepository, PublicKeysService, PublicKeyRegistrationService, PublicKeyPresenter],
        ...[ClientsRepository, ClientsService, ClientAuthenticationService, ClientFailuresService],
        ...[DeviceAuthorizationsRepository, DeviceAuthorizationService, CodeGuessesService],
        ...[DeviceApprovalService, DeviceRedemptionService, DeviceSessionsService],
        ...[UsedAssertionsRepository, OAuthTokensService, TokenEndpointService, ...grants],
        ...[TokenStatesService, RefreshTokenStatesService, IntrospectionService, TokenRevocationService],
        {
          provide: GrantRegistry,
          useFactory: (...registered: Grant[]) => new GrantRegistry(registered),
          inject: grants,
        },
        ...[SubjectTokensService, ExternalTokensService],
        ...[IssuersRepository, IssuersService, KeySetsService, KeySetRefresher],
        ...[RightsRepository, RightsProjection, ReachService, UnfinishedService],
        ...busAccessProviders,
        ...[RevocationsRepository, RevocationsService, RevocationProjection, ProjectionsService, StartService],
      ],
    };
  }
}
