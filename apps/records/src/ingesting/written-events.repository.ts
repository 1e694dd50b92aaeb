import type { WriteRejection } from '@keyport/contracts';
import { isDuplicateKey, MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import mongoose, { type ClientSession, type Connection, type Model } from 'mongoose';
import { Sources } from '../sources/sources.service.ts';
import { AlreadyWritten } from '../writing/ledger.repository.ts';
import { writtenEventsModel, type RefusedEvent, type WrittenEvents } from './written-events.model.ts';

const { Binary } = mongoose.mongo;

/** Injection token of the milliseconds that an event's name is remembered. */
export const EVENTS_KEEP_MS = Symbol('EVENTS_KEEP_MS');

export type Refusal = Omit<WriteRejection, 'index'>;

/** What became of events, by their names as hex: written (`null`), or why not. */
export type KnownEvents = ReadonlyMap<string, Refusal | null>;

/** Names of the events that were written, on the deployment that their records are on: one transaction reaches both. */
@Injectable()
export class WrittenEventsRepository {
  private readonly own: Model<WrittenEvents>;

  constructor(
    @Inject(MONGO_CONNECTION) connection: Connection,
    private readonly sources: Sources,
    @Inject(EVENTS_KEEP_MS) private readonly keepMs: number,
  ) {
    this.own = writtenEventsModel(connection);
  }

  async find(session: ClientSession, dataset: string, names: readonly string[]): Promise<KnownEvents> {
    const wanted = new Set(names);
    const found = this.modelOf(session)
      .collection.find({ dataset, events: { $in: names.map(nameBytes) } }, { session })
      .hint({ dataset: 1, events: 1 })
      .project<Pick<WrittenEvents, 'events' | 'refused'>>({ events: 1, refused: 1 });
    const known = new Map<string, Refusal | null>();
    for await (const { events, refused } of found) {
      for (const event of events) if (wanted.has(event.toString('hex'))) known.set(event.toString('hex'), null);
      for (const { event, ...refusal } of refused) {
        if (wanted.has(event.toString('hex'))) known.set(event.toString('hex'), refusal);
      }
    }
    return known;
  }

  /** Refused events may be tried anew. */
  async forget(session: ClientSession, dataset: string, names: readonly string[]): Promise<void> {
    const events = names.map(nameBytes);
    await this.modelOf(session).collection.updateMany(
      { dataset, events: { $in: events } },
      { $pull: { events: { $in: events }, refused: { event: { $in: events } } } as never },
      { session },
    );
  }

  /** Throws {@link AlreadyWritten} where another process was quicker with one of them; the transaction is over then. */
  async add(
    session: ClientSession,
    dataset: string,
    names: readonly string[],
    refused: ReadonlyMap<string, Refusal>,
  ): Promise<void> {
    const entry: Omit<WrittenEvents, '_id'> = {
      dataset,
      events: names.map(nameBytes),
      refused: Array.from(refused, ([name, refusal]): RefusedEvent => ({ ...refusal, event: nameBytes(name) })),
      expiresAt: new Date(Date.now() + this.keepMs),
    };
    try {
      await this.modelOf(session).collection.insertOne(entry, { session });
    } catch (error) {
      throw isDuplicateKey(error) ? new AlreadyWritten(dataset, { cause: error }) : error;
    }
  }

  private modelOf(session: ClientSession): Model<WrittenEvents> {
    return this.sources.of(session)?.source.writtenEvents ?? this.own;
  }
}

const nameBytes = (name: string) => new Binary(Buffer.from(name, 'hex'));
