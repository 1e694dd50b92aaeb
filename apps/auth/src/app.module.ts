import { AccessModule } from '@keyport/access';
import { MongoModule } from '@keyport/mongo';
import { Module, type DynamicModule } from '@nestjs/common';
import { AUTH_CONFIG, type AuthConfig } from './config.ts';
import { GrantsHandler } from './grants/grants.handler.ts';
import { GrantsService } from './grants/grants.service.ts';
import { IngestGrantsHandler } from './grants/ingest-grants.handler.ts';
import { IngestGrantsService } from './grants/ingest-grants.service.ts';
import { MASTER_KEY, loadMasterKey } from './home/master-key.ts';
import { KeysHandler } from './keys/keys.handler.ts';
import { KeysRepository } from './keys/keys.repository.ts';
import { KeysService } from './keys/keys.service.ts';
import { ProjectionsService } from './projections/projections.service.ts';
import { RevocationProjection } from './revocations/revocation-projection.ts';
import { KeySetProjection } from './signing-keys/key-set-projection.ts';
import { Sealer } from './signing-keys/sealer.ts';
import { SigningKeysRepository } from './signing-keys/signing-keys.repository.ts';
import { SigningKeysService } from './signing-keys/signing-keys.service.ts';
import { StartService } from './start.service.ts';
import { AccessTokensService } from './tokens/access-tokens.service.ts';
import { LoginHandler } from './users/login.handler.ts';
import { LoginService } from './users/login.service.ts';
import { OwnerRepository } from './users/owner.repository.ts';
import { OwnerService } from './users/owner.service.ts';
import { UsersRepository } from './users/users.repository.ts';

@Module({})
export class AppModule {
  static on(config: AuthConfig): DynamicModule {
    return {
      module: AppModule,
      imports: [MongoModule.on(config.MONGODB_URL), AccessModule],
      controllers: [LoginHandler, KeysHandler, GrantsHandler, IngestGrantsHandler],
      providers: [
        { provide: AUTH_CONFIG, useValue: config },
        { provide: MASTER_KEY, useFactory: () => loadMasterKey(config) },
        { provide: Sealer, useFactory: (masterKey: string) => new Sealer(masterKey), inject: [MASTER_KEY] },
        ...[SigningKeysRepository, SigningKeysService, KeySetProjection],
        ...[UsersRepository, OwnerRepository, OwnerService, LoginService],
        ...[AccessTokensService, KeysRepository, KeysService, GrantsService, IngestGrantsService],
        ...[RevocationProjection, ProjectionsService, StartService],
      ],
    };
  }
}
