import { BUS_CONNECTION, onReconnect } from '@keyport/messaging';
import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { NatsConnection } from '@nats-io/transport-node';
import { RevocationProjection } from '../revocations/revocation-projection.ts';
import { KeySetProjection } from '../signing-keys/key-set-projection.ts';

const everyMs = 60_000;

/** Keeps what auth shows on the bus equal to what MongoDB holds: at start, every minute, and when the bus is back. */
@Injectable()
export class ProjectionsService implements OnApplicationShutdown {
  private readonly logger = new Logger(ProjectionsService.name);
  private readonly stopping = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly keySet: KeySetProjection,
    private readonly revocations: RevocationProjection,
    @Inject(BUS_CONNECTION) private readonly connection: NatsConnection,
  ) {}

  /** Projects for the first time, and goes on in the background. */
  async start(): Promise<void> {
    await this.reconcile();
    this.timer = setInterval(() => this.reconcileSoon(), everyMs);
    void onReconnect(this.connection, this.stopping.signal, () => this.reconcileSoon());
  }

  async reconcile(): Promise<void> {
    await this.keySet.reconcile();
    await this.revocations.reconcile();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    this.stopping.abort();
  }

  private reconcileSoon(): void {
    this.running = this.running
      .then(() => (this.stopping.signal.aborted ? undefined : this.reconcile()))
      .catch((error: unknown) => {
        // The next round repairs what this one could not.
        if (!this.stopping.signal.aborted) this.logger.error(error);
      });
  }
}
