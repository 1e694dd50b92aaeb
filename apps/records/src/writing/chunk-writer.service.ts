import { KeyportError } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import type { ClientSession } from 'mongoose';
import { DatasetRepository } from '../datasets/dataset.repository.ts';
import { ChunkPlanner } from './chunk-planner.service.ts';
import { ChunkRepository } from './chunk.repository.ts';
import { keptDocuments, type PendingChunk } from './pending-chunk.ts';
import type { WriteReply } from './plan.ts';
import { planBlindlyWithin } from './rejection-limit.ts';

type Dataset = NonNullable<Awaited<ReturnType<DatasetRepository['findIn']>>>;

/** Notes what is about to be written, in the same transaction. */
export type Enter = (collectionName: string, reply: WriteReply) => Promise<void>;

/** Writes chunks within a writer's transaction: the dataset as it is, the decision, and the rows. */
@Injectable()
export class ChunkWriter {
  constructor(
    private readonly datasets: DatasetRepository,
    private readonly planner: ChunkPlanner,
    private readonly chunks: ChunkRepository,
  ) {}

  /** Throws DATASET_NOT_FOUND, and RefusedRow; the transaction is over then. */
  async write(session: ClientSession, chunk: PendingChunk, enter?: Enter): Promise<WriteReply> {
    const { request } = chunk;
    const dataset = await this.datasets.findIn(session, request.dataset);
    const isSame = request.datasetId === undefined || request.datasetId === dataset?.id;
    if (!dataset || !isSame) throw new KeyportError('DATASET_NOT_FOUND', { dataset: request.dataset });
    chunk.keyFields = dataset.key ?? [];
    if (!dataset.written) await this.datasets.markWritten(session, dataset);
    // Ids made from source and row number: neither they nor a key can have been stored before.
    const meetsNothing =
      !request.hasOwnIds && dataset.key === null && (request.mode === 'insert' || request.key.length === 0);
    const mayBeBlind = request.mode === 'insert' || request.mode === 'upsert';
    const isBlind = mayBeBlind && meetsNothing && !chunk.mustRead && !chunk.limits;
    return isBlind ? this.insertBlindly(session, chunk, dataset, enter) : this.apply(session, chunk, dataset, enter);
  }

  private async insertBlindly(
    session: ClientSession,
    chunk: PendingChunk,
    { collectionName }: Dataset,
    enter: Enter | undefined,
  ): Promise<WriteReply> {
    const { request, rowStarts, refused } = chunk;
    const reply = planBlindlyWithin(request.rejectionLimit, rowStarts.length, refused);
    await enter?.(collectionName, reply);
    if (reply.inserted === 0) return reply;
    if (reply.inserted === rowStarts.length) {
      await this.chunks.insert(session, collectionName, [request.documents], undefined);
    } else {
      const { documents, rows } = keptDocuments(chunk, reply.stoppedAt);
      await this.chunks.insert(session, collectionName, documents, rows);
    }
    return reply;
  }

  private async apply(
    session: ClientSession,
    chunk: PendingChunk,
    dataset: Dataset,
    enter: Enter | undefined,
  ): Promise<WriteReply> {
    const { operations, reply } = await this.planner.plan(session, chunk, dataset, (early) =>
      this.chunks.run(session, dataset.collectionName, early),
    );
    await enter?.(dataset.collectionName, reply);
    await this.chunks.run(session, dataset.collectionName, operations);
    return reply;
  }
}
