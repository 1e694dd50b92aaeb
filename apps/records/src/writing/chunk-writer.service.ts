import { KeyportError } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import type { ClientSession } from 'mongoose';
import { DatasetRepository } from '../datasets/dataset.repository.ts';
import { ChunkPlanner } from './chunk-planner.service.ts';
import { ChunkRepository } from './chunk.repository.ts';
import { keptDocuments, type PendingChunk } from './pending-chunk.ts';
import { overlaid } from './overlay.ts';
import type { Operation, WriteReply } from './plan.ts';
import { planBlindlyWithin } from './rejection-limit.ts';
import { NotedChanges } from '../telling/noted-changes.repository.ts';
import { InsertedRows } from '../undoing/inserted-rows.ts';

type Dataset = NonNullable<Awaited<ReturnType<DatasetRepository['findIn']>>>;

/** What is noted of a chunk in its own transaction. */
export interface Noting {
  /** Called before the last of its rows are written; `inserted` where that is remembered. */
  readonly enter: (collectionName: string, reply: WriteReply, inserted: InsertedRows | undefined) => Promise<void>;
  readonly remembersInserts: boolean;
}

/** Writes chunks within a writer's transaction: the dataset as it is, the decision, and the rows. */
@Injectable()
export class ChunkWriter {
  constructor(
    private readonly datasets: DatasetRepository,
    private readonly planner: ChunkPlanner,
    private readonly chunks: ChunkRepository,
    private readonly changes: NotedChanges,
  ) {}

  /** Throws DATASET_NOT_FOUND, and RefusedRow; the transaction is over then. */
  async write(session: ClientSession, chunk: PendingChunk, noting?: Noting): Promise<WriteReply> {
    const { request } = chunk;
    const dataset = await this.datasets.findIn(session, request.dataset);
    const isSame = request.datasetId === undefined || request.datasetId === dataset?.id;
    if (!dataset || !isSame) throw new KeyportError('DATASET_NOT_FOUND', { dataset: request.dataset });
    chunk.keyFields = dataset.key ?? [];
    if (!dataset.written && !request.dryRun) await this.datasets.markWritten(session, dataset);
    // Ids made from source and row number: neither they nor a key can have been stored before.
    const meetsNothing =
      !request.hasOwnIds && dataset.key === null && (request.mode === 'insert' || request.key.length === 0);
    const mayBeBlind = request.mode === 'insert' || request.mode === 'upsert';
    const isBlind = mayBeBlind && meetsNothing && !chunk.mustRead && !chunk.limits;
    const reply = isBlind
      ? await this.insertBlindly(session, chunk, dataset, noting)
      : await this.apply(session, chunk, dataset, noting);
    if (!request.dryRun) await this.changes.note(session, dataset, reply);
    return reply;
  }

  private async insertBlindly(
    session: ClientSession,
    chunk: PendingChunk,
    { collectionName }: Dataset,
    noting: Noting | undefined,
  ): Promise<WriteReply> {
    const { request, rowStarts, refused } = chunk;
    const reply = planBlindlyWithin(request.rejectionLimit, rowStarts.length, refused);
    const inserted = insertedBy(noting, chunk);
    const kept =
      inserted || reply.inserted < rowStarts.length
        ? keptDocuments(chunk, reply.stoppedAt)
        : { documents: [], rows: undefined };
    for (const document of kept.documents) inserted?.insert(document);
    await noting?.enter(collectionName, reply, inserted);
    // Nothing can meet these rows, so a dry run need not remember them.
    if (reply.inserted === 0 || request.dryRun) return reply;
    if (reply.inserted === rowStarts.length) {
      await this.chunks.insert(session, collectionName, [request.documents], undefined);
    } else {
      await this.chunks.insert(session, collectionName, kept.documents, kept.rows);
    }
    return reply;
  }

  private async apply(
    session: ClientSession,
    chunk: PendingChunk,
    dataset: Dataset,
    noting: Noting | undefined,
  ): Promise<WriteReply> {
    const inserted = insertedBy(noting, chunk);
    const { operations, reply } = await this.planner.plan(session, chunk, dataset, (early) => {
      if (inserted) remember(inserted, early);
      return this.run(session, chunk, dataset, early);
    });
    if (inserted) remember(inserted, operations);
    await noting?.enter(dataset.collectionName, reply, inserted);
    await this.run(session, chunk, dataset, operations);
    return reply;
  }

  private run(
    session: ClientSession,
    { request, overlay }: PendingChunk,
    { collectionName }: Dataset,
    operations: readonly Operation[],
  ): Promise<void> {
    if (!request.dryRun) return this.chunks.run(session, collectionName, operations);
    if (overlay === undefined) throw new Error('a dry run has nowhere to write to');
    return this.chunks.run(session, overlay, overlaid(operations));
  }
}

const insertedBy = (noting: Noting | undefined, { request }: PendingChunk): InsertedRows | undefined =>
  noting?.remembersInserts ? new InsertedRows(request.source) : undefined;

function remember(inserted: InsertedRows, operations: readonly Operation[]): void {
  for (const { kind, document } of operations) {
    if (kind === 'insert') inserted.insert(document);
    else if (kind === 'replace') inserted.replace(document);
  }
}
