import { buckets } from '@keyport/contracts';
import { BUS_CONNECTION } from '@keyport/messaging';
import { Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { NatsConnection } from '@nats-io/transport-node';
import { KeyView } from './key-view.ts';
import { RevocationView } from './revocation-view.ts';
import { RightsView } from './rights-view.ts';

/** Injection token of the view of auth's public signing keys. */
export const SIGNING_KEYS = Symbol('SIGNING_KEYS');

/** What gateways and services alike hold in memory to judge a token: signing keys, revocations and rights. */
@Module({
  providers: [
    {
      provide: SIGNING_KEYS,
      useFactory: (bus: NatsConnection) => new KeyView(bus, buckets.jwks, { needsMarker: true, awaitNewKeys: false }),
      inject: [BUS_CONNECTION],
    },
    { provide: RevocationView, useFactory: (bus: NatsConnection) => new RevocationView(bus), inject: [BUS_CONNECTION] },
    { provide: RightsView, useFactory: (bus: NatsConnection) => new RightsView(bus), inject: [BUS_CONNECTION] },
  ],
  exports: [SIGNING_KEYS, RevocationView, RightsView],
})
export class AccessViewsModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    @Inject(SIGNING_KEYS) private readonly signingKeys: KeyView,
    private readonly revocations: RevocationView,
    private readonly rights: RightsView,
  ) {}

  onApplicationBootstrap(): void {
    this.signingKeys.start();
    this.revocations.start();
    this.rights.start();
  }

  onApplicationShutdown(): void {
    this.signingKeys.stop();
    this.revocations.stop();
    this.rights.stop();
  }
}
