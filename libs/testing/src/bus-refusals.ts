import { setImmediate } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';

/** Publishes and subscribes as a connection may, and tells what nats-server refuses of it. */
export class BusRefusals {
  /** Names of the errors, in order. */
  private readonly seen: string[] = [];

  constructor(private readonly connection: NatsConnection) {
    void this.note();
  }

  /** Name of the error with which the server refuses the message; `none` where it takes it. */
  publish(subject: string, data = '{}', reply?: string): Promise<string> {
    return this.refusalOf(() => this.connection.publish(subject, data, reply === undefined ? {} : { reply }));
  }

  /** Name of the error with which the server refuses the subscription; `none` where it takes it. */
  subscribe(subject: string): Promise<string> {
    return this.refusalOf(() => this.connection.subscribe(subject, { callback: () => undefined }));
  }

  private async refusalOf(act: () => unknown): Promise<string> {
    const before = this.seen.length;
    act();
    // The server answers in order: what it refuses is told before it answers the flush.
    await this.connection.flush();
    await setImmediate();
    return this.seen[before] ?? 'none';
  }

  private async note(): Promise<void> {
    for await (const status of this.connection.status()) {
      if (status.type === 'error') this.seen.push(status.error.name);
    }
  }
}
