import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { NatsConnection } from '@nats-io/transport-node';
import { BUS_CONNECTION } from './tokens.ts';

/** The connection to NATS broke. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';
}

/** Whether the connection to NATS stands at this moment; the client itself hides gaps by buffering. */
@Injectable()
export class BusHealth implements OnApplicationShutdown {
  private connected = true;
  private readonly waiting = new Set<() => void>();

  constructor(@Inject(BUS_CONNECTION) private readonly connection: NatsConnection) {
    void this.follow();
  }

  get isConnected(): boolean {
    return this.connected && !this.connection.isClosed();
  }

  /**
   * As `answer`, but throws {@link ConnectionLostError} once the connection breaks: a reply that was on its way then never
   * comes, and the client would wait for it until the deadline.
   */
  orLost<Answer>(answer: Promise<Answer>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const lose = () => reject(new ConnectionLostError('the connection to NATS broke'));
      const settled = () => this.waiting.delete(lose);
      this.waiting.add(lose);
      answer.then(resolve, reject).finally(settled);
    });
  }

  /** Last to go, after the handlers have stopped: what they published is flushed. */
  async onApplicationShutdown(): Promise<void> {
    if (!this.connection.isClosed()) await this.connection.close();
  }

  private async follow(): Promise<void> {
    for await (const { type } of this.connection.status()) {
      if (type === 'disconnect' || type === 'staleConnection') this.lost();
      if (type === 'reconnect') this.connected = true;
    }
    this.lost();
  }

  private lost(): void {
    this.connected = false;
    for (const lose of [...this.waiting]) lose();
  }
}
