import { buckets } from '@keyport/contracts';
import { BUS_CONNECTION } from '@keyport/messaging';
import { Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { NatsConnection } from '@nats-io/transport-node';
import { CallerGuard } from './caller.guard.ts';
import { CallerVerifier } from './caller-verifier.ts';
import { KeyView } from './key-view.ts';
import { RevocationView } from './revocation-view.ts';

/** Injection token of the view of auth's public signing keys. */
export const SIGNING_KEYS = Symbol('SIGNING_KEYS');
/** Injection token of the view of the gateways' context keys. */
export const CONTEXT_KEYS = Symbol('CONTEXT_KEYS');

/** For a service on the bus: verifies who asks, before any handler runs. */
@Module({
  providers: [
    {
      provide: SIGNING_KEYS,
      useFactory: (bus: NatsConnection) => new KeyView(bus, buckets.jwks, { needsMarker: true, awaitNewKeys: false }),
      inject: [BUS_CONNECTION],
    },
    {
      provide: CONTEXT_KEYS,
      useFactory: (bus: NatsConnection) =>
        new KeyView(bus, buckets.contextKeys, { needsMarker: false, awaitNewKeys: true }),
      inject: [BUS_CONNECTION],
    },
    { provide: RevocationView, useFactory: (bus: NatsConnection) => new RevocationView(bus), inject: [BUS_CONNECTION] },
    {
      provide: CallerVerifier,
      useFactory: (contextKeys: KeyView, signingKeys: KeyView, revocations: RevocationView) =>
        new CallerVerifier(contextKeys, signingKeys, revocations),
      inject: [CONTEXT_KEYS, SIGNING_KEYS, RevocationView],
    },
    { provide: APP_GUARD, useClass: CallerGuard },
  ],
  exports: [SIGNING_KEYS, CONTEXT_KEYS, RevocationView, CallerVerifier],
})
export class AccessModule implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly views: readonly { start(): void; stop(): void }[];

  constructor(
    @Inject(SIGNING_KEYS) signingKeys: KeyView,
    @Inject(CONTEXT_KEYS) contextKeys: KeyView,
    revocations: RevocationView,
  ) {
    this.views = [signingKeys, contextKeys, revocations];
  }

  onApplicationBootstrap(): void {
    for (const view of this.views) view.start();
  }

  onApplicationShutdown(): void {
    for (const view of this.views) view.stop();
  }
}
