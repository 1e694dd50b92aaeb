import { buckets } from '@keyport/contracts';
import { BUS_CONNECTION, STALE_VIEW_MS } from '@keyport/messaging';
import { Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { NatsConnection } from '@nats-io/transport-node';
import { AccessViewsModule, SIGNING_KEYS } from './access-views.module.ts';
import { CallerGuard } from './caller.guard.ts';
import { CallerVerifier } from './caller-verifier.ts';
import { KeyView } from './key-view.ts';
import { RevocationView } from './revocation-view.ts';
import { RightsView } from './rights-view.ts';

/** Injection token of the view of the gateways' context keys. */
export const CONTEXT_KEYS = Symbol('CONTEXT_KEYS');

/** For a service on the bus: verifies who asks, before any handler runs. */
@Module({
  imports: [AccessViewsModule],
  providers: [
    {
      provide: CONTEXT_KEYS,
      useFactory: (bus: NatsConnection) =>
        new KeyView(bus, buckets.contextKeys, { needsMarker: false, awaitNewKeys: true }),
      inject: [BUS_CONNECTION],
    },
    {
      provide: CallerVerifier,
      useFactory: (
        contextKeys: KeyView,
        signingKeys: KeyView,
        revocations: RevocationView,
        rights: RightsView,
        staleMs: number,
      ) => new CallerVerifier({ contextKeys, signingKeys, revocations, rights }, staleMs),
      inject: [CONTEXT_KEYS, SIGNING_KEYS, RevocationView, RightsView, STALE_VIEW_MS],
    },
    { provide: APP_GUARD, useClass: CallerGuard },
  ],
  exports: [AccessViewsModule, CONTEXT_KEYS, CallerVerifier],
})
export class AccessModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(@Inject(CONTEXT_KEYS) private readonly contextKeys: KeyView) {}

  onApplicationBootstrap(): void {
    this.contextKeys.start();
  }

  onApplicationShutdown(): void {
    this.contextKeys.stop();
  }
}
