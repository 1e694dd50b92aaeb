import {
  AccessTokenReader,
  AccessViewsModule,
  Judge,
  RevocationView,
  RightsView,
  SIGNING_KEYS,
  type KeyView,
} from '@keyport/access';
import { STALE_VIEW_MS } from '@keyport/messaging';
import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { PassportModule } from '@nestjs/passport';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config.ts';
import { LimitsModule } from '../limits/limits.module.ts';
import { AccessGuard } from './access.guard.ts';
import { AccessTokenStrategy } from './access-token.strategy.ts';
import { BusCaller } from './bus-caller.ts';
import { ContextSigner } from './context-signer.ts';
import { ExternalKeys } from './external-keys.ts';
import { LinkVerifier } from './link-verifier.ts';
import { Possession } from './possession.ts';
import { ProofMemory } from './proof-memory.ts';
import { TokenInspector } from './token-inspector.ts';
import { TokenVerifier } from './token-verifier.ts';
import { UseReporter } from './use-reporter.ts';

/** Who asks, and whether they may: every route passes through its guard. */
@Module({
  imports: [PassportModule, AccessViewsModule, LimitsModule],
  providers: [
    { provide: APP_GUARD, useClass: AccessGuard },
    AccessTokenStrategy,
    BusCaller,
    ContextSigner,
    ExternalKeys,
    LinkVerifier,
    Possession,
    ProofMemory,
    TokenInspector,
    TokenVerifier,
    UseReporter,
    {
      provide: AccessTokenReader,
      useFactory: (signingKeys: KeyView, rights: RightsView, config: GatewayConfig) =>
        new AccessTokenReader({ signingKeys, rights }, config.KEYPORT_PUBLIC_URL),
      inject: [SIGNING_KEYS, RightsView, GATEWAY_CONFIG],
    },
    {
      provide: Judge,
      useFactory: (signingKeys: KeyView, revocations: RevocationView, rights: RightsView, staleMs: number) =>
        new Judge({ signingKeys, revocations, rights }, staleMs),
      inject: [SIGNING_KEYS, RevocationView, RightsView, STALE_VIEW_MS],
    },
  ],
  exports: [
    AccessViewsModule,
    LimitsModule,
    BusCaller,
    ContextSigner,
    Judge,
    Possession,
    TokenInspector,
    TokenVerifier,
  ],
})
export class GatewayAccessModule {}
