import { setTimeout as delay } from 'node:timers/promises';
import { auditSubject, type AuditEntry } from '@keyport/contracts';
import { BUS_CONNECTION, BusHealth } from '@keyport/messaging';
import { Inject, Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { jetstream, type JetStreamClient } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';

/** An answer waits so long for its entry to be stored; then it leaves, and the entry is tried again behind it. */
const acknowledgementTimeoutMs = 2_000;
const retryMs = 500;
/** Entries that wait to be sent again. Beyond it they are written to the log instead. */
const longestBacklog = 10_000;
/** Entries of reads on their way; more of them wait, so that memory stays bounded and none is lost. */
const readsOnTheWay = 1_000;

/** Sends entries to the stream that auth reads. One that the bus did not take is sent again until it does. */
@Injectable()
export class AuditPublisher implements BeforeApplicationShutdown {
  private readonly logger = new Logger('audit');
  private readonly client: JetStreamClient;
  private readonly backlog: AuditEntry[] = [];
  private retrying: Promise<void> | undefined;
  private stopping = false;
  private reads = 0;

  constructor(
    @Inject(BUS_CONNECTION) connection: NatsConnection,
    private readonly health: BusHealth,
  ) {
    this.client = jetstream(connection);
  }

  /** Resolves once the entry is stored, or cannot be for now. Never throws: the action has happened. */
  async storeBeforeAnswer(entry: AuditEntry): Promise<void> {
    // With the bus away there is nothing to wait for.
    if (!this.health.isConnected) return this.storeLater(entry);
    try {
      await this.send(entry);
    } catch {
      this.storeLater(entry);
    }
  }

  /** Resolves when the answer may leave. */
  async storeBesideAnswer(entry: AuditEntry): Promise<void> {
    this.reads += 1;
    const stored = this.storeBeforeAnswer(entry).finally(() => {
      this.reads -= 1;
    });
    if (this.reads > readsOnTheWay) await stored;
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    await this.retrying;
    for (const entry of this.backlog.splice(0)) this.logger.error({ entry }, 'not in the audit');
  }

  /** Sent twice it is stored once: by its id within the stream's window, and by auth for ever. */
  private async send(entry: AuditEntry): Promise<void> {
    const options = { msgID: entry.id, timeout: acknowledgementTimeoutMs };
    await this.client.publish(auditSubject, JSON.stringify(entry), options);
  }

  private storeLater(entry: AuditEntry): void {
    if (this.stopping || this.backlog.length >= longestBacklog) this.logger.error({ entry }, 'not in the audit');
    else this.backlog.push(entry);
    this.retrying ??= this.retry().finally(() => {
      this.retrying = undefined;
    });
  }

  private async retry(): Promise<void> {
    this.logger.warn('entries of the audit wait for the bus');
    for (let first = this.backlog[0]; first && !this.stopping; first = this.backlog[0]) {
      const sent = await this.send(first).then(
        () => true,
        () => false,
      );
      if (sent) this.backlog.shift();
      else await delay(retryMs, undefined, { ref: false });
    }
  }
}
