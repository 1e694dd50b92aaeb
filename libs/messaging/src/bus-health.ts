import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { NatsConnection } from '@nats-io/transport-node';
import { BUS_CONNECTION } from './tokens.ts';

/** Whether the connection to NATS stands at this moment; the client itself hides gaps by buffering. */
@Injectable()
export class BusHealth implements OnApplicationShutdown {
  private connected = true;

  constructor(@Inject(BUS_CONNECTION) private readonly connection: NatsConnection) {
    void this.follow();
  }

  get isConnected(): boolean {
    return this.connected && !this.connection.isClosed();
  }

  /** Last to go, after the handlers have stopped: what they published is flushed. */
  async onApplicationShutdown(): Promise<void> {
    if (!this.connection.isClosed()) await this.connection.close();
  }

  private async follow(): Promise<void> {
    for await (const { type } of this.connection.status()) {
      if (type === 'disconnect' || type === 'staleConnection') this.connected = false;
      if (type === 'reconnect') this.connected = true;
    }
    this.connected = false;
  }
}
