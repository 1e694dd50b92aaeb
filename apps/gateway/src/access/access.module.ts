import { AccessViewsModule } from '@keyport/access';
import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { PassportModule } from '@nestjs/passport';
import { AccessGuard } from './access.guard.ts';
import { AccessTokenStrategy } from './access-token.strategy.ts';
import { BusCaller } from './bus-caller.ts';
import { ContextSigner } from './context-signer.ts';
import { TokenVerifier } from './token-verifier.ts';

/** Who asks, and whether they may: every route passes through its guard. */
@Module({
  imports: [PassportModule, AccessViewsModule],
  providers: [
    { provide: APP_GUARD, useClass: AccessGuard },
    AccessTokenStrategy,
    BusCaller,
    ContextSigner,
    TokenVerifier,
  ],
  exports: [AccessViewsModule, BusCaller, ContextSigner],
})
export class GatewayAccessModule {}
