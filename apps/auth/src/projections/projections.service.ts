import { buckets } from '@keyport/contracts';
import { BUS_CONNECTION } from '@keyport/messaging';
import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { NatsConnection } from '@nats-io/transport-node';
import { AUTH_CONFIG, type AuthConfig } from '../config.ts';
import { RevocationProjection } from '../revocations/revocation-projection.ts';
import { RightsProjection } from '../rights/rights-projection.ts';
import { KeySetProjection } from '../signing-keys/key-set-projection.ts';
import { KeptProjection, type Projection } from './kept-projection.ts';
import { UnfinishedService } from './unfinished.service.ts';

/** Keeps what auth shows on the bus equal to what MongoDB holds, from the start on. */
@Injectable()
export class ProjectionsService implements OnApplicationShutdown {
  private readonly logger = new Logger(ProjectionsService.name);
  private readonly stopping = new AbortController();
  private readonly projections: readonly Projection[];

  constructor(
    keySet: KeySetProjection,
    rights: RightsProjection,
    revocations: RevocationProjection,
    unfinished: UnfinishedService,
    @Inject(BUS_CONNECTION) private readonly connection: NatsConnection,
    @Inject(AUTH_CONFIG) private readonly config: Pick<AuthConfig, 'KEYPORT_PROJECTION_SECONDS'>,
  ) {
    this.projections = [
      {
        bucket: buckets.jwks,
        reconcile: async () => {
          await keySet.reconcile();
          await unfinished.complete();
        },
      },
      { bucket: buckets.rights, reconcile: () => rights.reconcile() },
      { bucket: buckets.revocations, reconcile: () => revocations.reconcile() },
    ];
  }

  /** Projects for the first time, and goes on in the background. */
  async start(): Promise<void> {
    const everyMs = this.config.KEYPORT_PROJECTION_SECONDS * 1_000;
    for (const projection of this.projections) {
      const kept = new KeptProjection(projection, this.connection, everyMs, (error) => this.logger.error(error));
      await kept.begin();
      void kept.keep(this.stopping.signal);
    }
  }

  async reconcile(): Promise<void> {
    for (const projection of this.projections) await projection.reconcile();
  }

  onApplicationShutdown(): void {
    this.stopping.abort();
  }
}
