import { setTimeout as delay } from 'node:timers/promises';
import { auditEntrySchema, type AuditEntry } from '@keyport/contracts';
import { BUS_CONNECTION } from '@keyport/messaging';
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Consumer, JsMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { AUTH_CONFIG, type AuthConfig } from '../config.ts';
import { AuditRepository } from './audit.repository.ts';
import { createAuditStream, openAuditConsumer } from './audit-stream.ts';

/** Entries written at once. */
const batchEntries = 500;
/** The least that the client takes. */
const longPollMs = 1_000;
const retryMs = 500;

/** Stores what gateways tell. An entry is acknowledged once it is stored, so none is lost, and by its id none is doubled. */
@Injectable()
export class AuditReader implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('audit');
  private readonly stopping = new AbortController();
  private loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly entries: AuditRepository,
    @Inject(BUS_CONNECTION) private readonly connection: NatsConnection,
    @Inject(AUTH_CONFIG) private readonly config: AuthConfig,
  ) {}

  onApplicationBootstrap(): void {
    this.loop = this.run();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        // Also where the stream was there before: a bus that lost its data is given it again.
        await createAuditStream(this.connection);
        const consumer = await openAuditConsumer(this.connection);
        while (!signal.aborted) await this.takeBatch(consumer, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.logger.warn({ err: error }, 'entries cannot be taken; they are tried again');
      }
      await delay(retryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** What is there now, or waits a moment for more. */
  private async takeBatch(consumer: Consumer, signal: AbortSignal): Promise<void> {
    const messages: JsMsg[] = [];
    const first = await fetchSome(consumer, 1, signal);
    messages.push(...first);
    const pending = first[0]?.info.pending ?? 0;
    if (pending > 0) messages.push(...(await fetchSome(consumer, Math.min(pending, batchEntries), signal)));
    await this.store(messages);
  }

  private async store(messages: readonly JsMsg[]): Promise<void> {
    const good: { message: JsMsg; entry: AuditEntry }[] = [];
    for (const message of messages) {
      const entry = entryIn(message);
      if (entry) good.push({ message, entry });
      else {
        this.logger.error({ sequence: message.seq }, 'not an entry of the audit');
        message.term('not an entry');
      }
    }
    if (good.length === 0) return;
    await this.entries.insert(
      good.map(({ entry }) => entry),
      this.config.KEYPORT_AUDIT_DAYS,
    );
    for (const { message } of good) message.ack();
  }
}

async function fetchSome(consumer: Consumer, most: number, signal: AbortSignal): Promise<JsMsg[]> {
  const found: JsMsg[] = [];
  const messages = await consumer.fetch({ max_messages: most, expires: longPollMs });
  const stop = () => messages.stop();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    for await (const message of messages) found.push(message);
  } finally {
    signal.removeEventListener('abort', stop);
  }
  return found;
}

function entryIn(message: JsMsg): AuditEntry | undefined {
  try {
    return auditEntrySchema.parse(message.json());
  } catch {
    return undefined;
  }
}
