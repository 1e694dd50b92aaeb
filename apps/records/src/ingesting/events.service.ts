import { setTimeout as delay } from 'node:timers/promises';
import type { Caller } from '@keyport/access';
import { KeyportError, type ReplyOf, type WriteRejection, writeEvents } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import type { ClientSession } from 'mongoose';
import { DatasetRepository } from '../datasets/dataset.repository.ts';
import { ChunkWriter } from '../writing/chunk-writer.service.ts';
import { RefusedRow } from '../writing/chunk.repository.ts';
import { pendingChunk, type PendingChunk } from '../writing/pending-chunk.ts';
import { inOrder, noCounts, type WriteReply } from '../writing/plan.ts';
import { WriteAttempts } from '../writing/write-attempts.ts';
import { chunkOf, namesOf, planEvents, type EventsRequest } from './event-batch.ts';
import { type Refusal, WrittenEventsRepository } from './written-events.repository.ts';

type EventsReply = ReplyOf<typeof writeEvents>;

/** A batch on its way through its attempts. */
interface PendingEvents {
  readonly request: EventsRequest;
  readonly names: readonly string[];
  readonly deletes: ReadonlySet<number>;
  readonly chunk: PendingChunk;
}

/** Writes batches of events: what each comes to, and its name, in one transaction. */
@Injectable()
export class EventsService {
  constructor(
    private readonly attempts: WriteAttempts,
    private readonly writer: ChunkWriter,
    private readonly datasets: DatasetRepository,
    private readonly written: WrittenEventsRepository,
  ) {}

  /** Throws INSUFFICIENT_SCOPE, DATASET_NOT_FOUND, and what every write throws. */
  write(request: EventsRequest, caller: Caller): Promise<EventsReply> {
    for (const action of ['records:create', 'records:update', 'records:delete'] as const) {
      caller.requireWhole(action, request.dataset);
    }
    const { dataset, datasetId, key, documents, count, hasOwnIds } = request;
    const rows = { dataset, datasetId, key, documents, count, hasOwnIds };
    const batch: PendingEvents = {
      request,
      names: namesOf(request),
      deletes: new Set(request.deletes),
      chunk: pendingChunk({ ...rows, source: 'events', sequence: 0, mode: 'upsert' }),
    };
    return this.attempts.run<EventsReply>(
      batch.chunk,
      (session) => this.attempt(session, batch),
      // Another process was quicker: the next attempt sees what it wrote.
      () => delay(20, undefined),
    );
  }

  private async attempt(session: ClientSession, batch: PendingEvents): Promise<EventsReply> {
    const { request, chunk } = batch;
    const definition = await this.datasets.findIn(session, request.dataset);
    if (definition?.id !== request.datasetId) {
      throw new KeyportError('DATASET_NOT_FOUND', { dataset: request.dataset });
    }
    chunk.keyFields = definition.key ?? [];
    const plan = planEvents(chunk, { ...batch, key: definition.key }, await this.known(session, batch));
    const deleted = await this.run(session, batch, 'delete', plan.deletes);
    const upserted = await this.run(session, batch, 'upsert', plan.upserts);
    const rejected = inOrder([...plan.rejected, ...deleted.rejected, ...upserted.rejected]);
    const done = new Set([...plan.deletes, ...plan.upserts, ...plan.superseded]);
    await this.enter(session, batch, done, rejected);
    return {
      ...{ inserted: upserted.inserted, updated: upserted.updated, unchanged: upserted.unchanged },
      ...{ deleted: deleted.deleted, skipped: deleted.skipped },
      ...{ repeated: plan.repeated.length, superseded: plan.superseded.length, rejected },
    };
  }

  private async known(session: ClientSession, { request, names }: PendingEvents) {
    const known = await this.written.find(session, request.datasetId, names);
    const refused = [...known].flatMap(([name, refusal]) => (refusal === null ? [] : [name]));
    if (!request.again || refused.length === 0) return known;
    await this.written.forget(session, request.datasetId, refused);
    return new Map([...known].filter(([, refusal]) => refusal === null));
  }

  private async run(
    session: ClientSession,
    { chunk }: PendingEvents,
    mode: 'upsert' | 'delete',
    places: readonly number[],
  ): Promise<WriteReply> {
    if (places.length === 0) return { ...noCounts, rejected: [] };
    try {
      const reply = await this.writer.write(session, chunkOf(chunk, mode, places));
      return { ...reply, rejected: reply.rejected.map((one) => ({ ...one, index: places[one.index] as number })) };
    } catch (error) {
      throw error instanceof RefusedRow ? new RefusedRow(places[error.row] as number, error.fault) : error;
    }
  }

  /** Notes what was done and what was refused for good: that stays so when the batch comes again. */
  private async enter(
    session: ClientSession,
    { request, names }: PendingEvents,
    done: ReadonlySet<number>,
    rejected: readonly WriteRejection[],
  ): Promise<void> {
    const refused = new Map<string, Refusal>();
    for (const { index, ...refusal } of rejected) {
      // One that was known before is there already.
      if (done.has(index)) refused.set(names[index] as string, refusal);
    }
    const entered = [...done].map((index) => names[index] as string);
    if (entered.length > 0) await this.written.add(session, request.datasetId, entered, refused);
  }
}
