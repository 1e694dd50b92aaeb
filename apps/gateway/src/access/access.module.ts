import { KeyView, RevocationView, SIGNING_KEYS } from '@keyport/access';
import { buckets } from '@keyport/contracts';
import { BUS_CONNECTION } from '@keyport/messaging';
import { Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { PassportModule } from '@nestjs/passport';
import type { NatsConnection } from '@nats-io/transport-node';
import { AccessGuard } from './access.guard.ts';
import { AccessTokenStrategy } from './access-token.strategy.ts';
import { BusCaller } from './bus-caller.ts';
import { ContextSigner } from './context-signer.ts';
import { TokenVerifier } from './token-verifier.ts';

@Module({
  imports: [PassportModule],
  providers: [
    {
      provide: SIGNING_KEYS,
      useFactory: (bus: NatsConnection) => new KeyView(bus, buckets.jwks, { needsMarker: true, awaitNewKeys: false }),
      inject: [BUS_CONNECTION],
    },
    { provide: RevocationView, useFactory: (bus: NatsConnection) => new RevocationView(bus), inject: [BUS_CONNECTION] },
    { provide: APP_GUARD, useClass: AccessGuard },
    AccessTokenStrategy,
    BusCaller,
    ContextSigner,
    TokenVerifier,
  ],
  exports: [SIGNING_KEYS, RevocationView, BusCaller, ContextSigner],
})
export class GatewayAccessModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    @Inject(SIGNING_KEYS) private readonly signingKeys: KeyView,
    private readonly revocations: RevocationView,
  ) {}

  onApplicationBootstrap(): void {
    this.signingKeys.start();
    this.revocations.start();
  }

  onApplicationShutdown(): void {
    this.signingKeys.stop();
    this.revocations.stop();
  }
}
