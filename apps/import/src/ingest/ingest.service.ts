import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Consumer, JsMsg } from '@nats-io/jetstream';
import { ackWaitMs, batchSize, IngestStream } from './ingest-stream.ts';
import { IngestWriter } from './ingest-writer.service.ts';

const longPollMs = 2_000;
const retryMs = 500;
/** A process that ends takes up no more events, and leaves the rest to be delivered again. */
const stopped = new Error('the process ends');

/** Turns events on `ingest.v1.<dataset>` into records: in order within a dataset, datasets side by side. */
@Injectable()
export class IngestService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('ingest');
  private readonly stopping = new AbortController();
  private loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly stream: IngestStream,
    private readonly writer: IngestWriter,
  ) {}

  onApplicationBootstrap(): void {
    this.loop = this.run();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort(stopped);
    await this.loop;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        const consumer = await this.stream.consumer();
        while (!signal.aborted) await this.takeBatch(consumer);
      } catch (error) {
        if (signal.aborted) return;
        this.logger.warn({ err: error }, 'events are fetched anew');
        await delay(retryMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  private async takeBatch(consumer: Consumer): Promise<void> {
    const messages = await consumer.fetch({ max_messages: batchSize, expires: longPollMs });
    const stop = () => messages.stop();
    this.stopping.signal.addEventListener('abort', stop, { once: true });
    const taken = new Set<JsMsg>();
    const chains = new Map<string, Promise<void>>();
    const signs = setInterval(() => taken.forEach((message) => message.working()), ackWaitMs / 3);
    try {
      let received = 0;
      for await (const message of messages) {
        received += 1;
        taken.add(message);
        const before = chains.get(message.subject) ?? Promise.resolve();
        chains.set(
          message.subject,
          before.then(() => this.take(message)).then(() => void taken.delete(message)),
        );
      }
      await Promise.all(chains.values());
      // A poll that only times out does not tell that the consumer is gone.
      if (received === 0 && !this.stopping.signal.aborted) await consumer.info();
    } finally {
      clearInterval(signs);
      this.stopping.signal.removeEventListener('abort', stop);
    }
  }

  /** Goes on until the event is written or refused: a later one of its dataset must not overtake it. */
  private async take(message: JsMsg): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        const ingested = await this.writer.write(message.subject, message.string(), message.seq);
        if (ingested.kind === 'written') return message.ack();
        this.logger.warn({ subject: message.subject, sequence: message.seq, reason: ingested.reason }, 'event refused');
        return message.term(ingested.reason.slice(0, 200));
      } catch (error) {
        this.logger.warn({ err: error, subject: message.subject, sequence: message.seq }, 'event tried again');
        await delay(retryMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}
