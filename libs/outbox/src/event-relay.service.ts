import { setTimeout as delay } from 'node:timers/promises';
import { eventOfType } from '@keyport/contracts';
import { EventPublisher } from '@keyport/messaging';
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { mongo } from 'mongoose';
import { OUTBOXES, type Outbox, type Outboxes } from './outbox.ts';
import { hasUntold, type UntoldEvent, type WithUntold } from './untold-event.ts';

/** How soon the world hears of something, about. */
const lookEveryMs = 500;
const longestRestMs = 2_000;
/** Documents whose events are told side by side. */
const atOnce = 50;
/** And of one outbox before the others have their turn. */
const atOnceInAll = 1_000;

type Stored = WithUntold & { readonly _id: unknown };

/**
 * Tells the world what the outboxes hold, each event at least once, and those of one document in their order. Several
 * processes may do so at once without a lease: each tells a document's events from the first on and waits for the bus
 * in between, and the bus drops what it has heard before by the event's id. So whichever of them is first with an event,
 * all before it are stored.
 */
@Injectable()
export class EventRelay implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('events');
  private readonly stopping = new AbortController();
  private loop: Promise<void> = Promise.resolve();

  constructor(
    @Inject(OUTBOXES) private readonly outboxes: Outboxes,
    private readonly publisher: EventPublisher,
  ) {}

  onApplicationBootstrap(): void {
    this.loop = this.run();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  /** Tells what is untold now. Throws what kept it from telling all. */
  async tellAll(): Promise<void> {
    const outboxes = await this.outboxes();
    const told = await Promise.allSettled(outboxes.map((outbox) => this.tellOutbox(outbox)));
    const failure = told.find(({ status }) => status === 'rejected');
    if (failure) throw (failure as PromiseRejectedResult).reason;
  }

  private async run(): Promise<void> {
    for (let failed = 0; !this.stopping.signal.aborted;) {
      try {
        await this.tellAll();
        failed = 0;
      } catch (error) {
        if (this.stopping.signal.aborted) return;
        this.logger.warn({ err: error }, 'events were not told yet');
        failed += 1;
      }
      const restMs = Math.min(lookEveryMs * 2 ** failed, longestRestMs);
      await delay(restMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  private async tellOutbox(outbox: Outbox): Promise<void> {
    const projection = outbox.fields && Object.fromEntries(['untold', ...outbox.fields].map((field) => [field, 1]));
    const failures: unknown[] = [];
    for (const seen: unknown[] = []; seen.length < atOnceInAll && !this.stopping.signal.aborted;) {
      const found = await outbox.collection
        .find({ ...hasUntold, _id: { $nin: seen } } as object, { ...(projection && { projection }) })
        .limit(atOnce)
        .toArray();
      const documents = found as unknown as Stored[];
      const waiting = await this.waiting(outbox, documents);
      const due = documents.filter(({ _id }) => !waiting.has(_id));
      const told = await Promise.allSettled(due.map((document) => this.tell(outbox, document)));
      failures.push(...told.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : [])));
      if (documents.length < atOnce || failures.length >= atOnce) break;
      seen.push(...documents.map(({ _id }) => _id));
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Those of which something that happened before is untold elsewhere. */
  private async waiting({ after }: Outbox, documents: readonly Stored[]): Promise<Set<unknown>> {
    if (!after || documents.length === 0) return new Set();
    const ids = documents.map(({ _id }) => _id);
    const filter = { _id: { $in: ids }, ...hasUntold } as object;
    const earlier = await after.find(filter, { projection: { _id: 1 } }).toArray();
    return new Set(earlier.map(({ _id }) => _id as unknown));
  }

  private async tell(outbox: Outbox, document: Stored): Promise<void> {
    for (const event of document.untold ?? []) {
      if (this.stopping.signal.aborted) return;
      await this.publish(outbox, document, event);
      await forget(outbox, document, event);
    }
  }

  private async publish(outbox: Outbox, document: Stored, untold: UntoldEvent): Promise<void> {
    const { id, type, time } = untold;
    const event = eventOfType(type);
    // Stored by a newer version: its own processes tell it, and what happened after it.
    if (!event) throw new Error(`an event of the type ${type} is unknown to this version`);
    const told = outbox.present(document, untold);
    if (told) await this.publisher.publish({ event, id, time, ...told });
  }
}

async function forget(outbox: Outbox, { _id }: Stored, { id }: UntoldEvent): Promise<void> {
  const filter = { _id } as mongo.Filter<mongo.Document>;
  await outbox.collection.updateOne(filter, { $pull: { untold: { id } } } as object);
  if (outbox.isOnlyOutbox) await outbox.collection.deleteOne({ ...filter, untold: { $size: 0 } });
}
