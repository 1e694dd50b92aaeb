import { setTimeout as delay } from 'node:timers/promises';
import type { Caller } from '@keyport/access';
import { KeyportError } from '@keyport/contracts';
import { retriedTransaction } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import type { ClientSession } from 'mongoose';
import { DatasetRepository } from '../datasets/dataset.repository.ts';
import { ChunkRepository, RefusedRow } from './chunk.repository.ts';
import type { LedgerEntry } from './ledger.model.ts';
import { AlreadyWritten, ledgerId, LedgerRepository } from './ledger.repository.ts';
import {
  identifying,
  keptDocuments,
  learn,
  pendingChunk,
  readRows,
  type PendingChunk,
  type WriteRequest,
} from './pending-chunk.ts';
import type { WriteReply } from './plan.ts';
import { classifyWithin, planBlindlyWithin } from './rejection-limit.ts';
import { StoredRowsRepository } from './stored-rows.repository.ts';
import { onlyAsks, requireWrite } from './write-rights.ts';
import { WriteSessions } from './write-sessions.ts';

type Dataset = NonNullable<Awaited<ReturnType<DatasetRepository['findIn']>>>;

/** Less than the contract's deadline, more than a killed writer's transaction lives (10 s in the stack). */
const retryForMs = 20_000;
/** Other writers' transactions are met all the time; from here on it may be one that nobody goes on with. */
const suspiciousConflicts = 4;

@Injectable()
export class WriteService {
  constructor(
    private readonly datasets: DatasetRepository,
    private readonly ledger: LedgerRepository,
    private readonly stored: StoredRowsRepository,
    private readonly chunks: ChunkRepository,
    private readonly sessions: WriteSessions,
  ) {}

  async write(request: WriteRequest, caller: Caller): Promise<WriteReply> {
    const isAsking = onlyAsks(request, caller);
    if (!isAsking) requireWrite(request, caller);
    const chunk = pendingChunk(request);
    const attempt = isAsking ? this.close.bind(this) : this.attempt.bind(this);
    const reply = await this.sessions.use((session) => this.writeOnce(session, chunk, () => attempt(session, chunk)));
    if (reply === null) throw new KeyportError('RIGHTS_LOST');
    return reply;
  }

  /** What the ledger holds of the chunk in the end; null where it was closed unwritten. */
  private async writeOnce(
    session: ClientSession,
    chunk: PendingChunk,
    attempt: () => Promise<WriteReply | null>,
  ): Promise<WriteReply | null> {
    for (const deadline = Date.now() + retryForMs; ;) {
      try {
        return await retriedTransaction(session, attempt, {
          retryForMs: deadline - Date.now(),
          beforeRetry: async (failed) => {
            if (failed >= suspiciousConflicts) await this.sessions.endOrphans();
          },
        });
      } catch (error) {
        if (error instanceof AlreadyWritten) {
          const reply = await this.replyOf(session, chunk.request);
          if (reply !== undefined) return reply;
        } else if (error instanceof RefusedRow) learn(chunk, error.row, error.fault);
        else throw error;
        if (Date.now() >= deadline) throw new KeyportError('WRITE_CONFLICT', {}, { cause: error });
      }
    }
  }

  /** One transaction: the dataset as it is, the decision, the ledger entry and the rows. */
  private async attempt(session: ClientSession, chunk: PendingChunk): Promise<WriteReply> {
    const { request } = chunk;
    const dataset = await this.datasets.findIn(session, request.dataset);
    const isSame = request.datasetId === undefined || request.datasetId === dataset?.id;
    if (!dataset || !isSame) throw new KeyportError('DATASET_NOT_FOUND', { dataset: request.dataset });
    chunk.keyFields = dataset.key ?? [];
    if (!dataset.written) await this.datasets.markWritten(session, dataset);
    // Ids made from source and row number: neither they nor a key can have been stored before.
    const meetsNothing =
      !request.hasOwnIds && dataset.key === null && (request.mode === 'insert' || request.key.length === 0);
    const isBlind = meetsNothing && !chunk.mustRead;
    return isBlind ? this.insertBlindly(session, chunk, dataset) : this.apply(session, chunk, dataset);
  }

  /**
   * Takes the chunk's place in the ledger without writing it, so that a request for it that is still under way somewhere
   * cannot store rows which nobody will count.
   */
  private async close(session: ClientSession, { request }: PendingChunk): Promise<null> {
    await this.enter(session, request, { collectionName: null }, null);
    return null;
  }

  private async insertBlindly(session: ClientSession, chunk: PendingChunk, dataset: Dataset): Promise<WriteReply> {
    const { request, rowStarts, refused } = chunk;
    const reply = planBlindlyWithin(request.rejectionLimit, rowStarts.length, refused);
    await this.enter(session, request, dataset, reply);
    if (reply.inserted === 0) return reply;
    if (reply.inserted === rowStarts.length) {
      await this.chunks.insert(session, dataset.collectionName, [request.documents], undefined);
    } else {
      const { documents, rows } = keptDocuments(chunk, reply.stoppedAt);
      await this.chunks.insert(session, dataset.collectionName, documents, rows);
    }
    return reply;
  }

  private async apply(session: ClientSession, chunk: PendingChunk, dataset: Dataset): Promise<WriteReply> {
    const { request } = chunk;
    const { collectionName } = dataset;
    const by = identifying(request, dataset.key);
    const { rows, rejected } = readRows(chunk, by);
    const checksIds = request.hasOwnIds || chunk.mustRead;
    const stored = await this.stored.find(session, { collectionName, rows, ...by, checksIds });
    const keepsOrder = by.match !== null && by.key !== null && by.match !== by.key;
    const rules = { mode: request.mode, keyFields: dataset.key ?? [], keepsOrder };
    const { operations, reply } = classifyWithin(request.rejectionLimit, rows, stored, rules, rejected);
    await this.enter(session, request, dataset, reply);
    await this.chunks.run(session, collectionName, operations);
    return reply;
  }

  private async enter(
    session: ClientSession,
    { source, sequence, dataset }: WriteRequest,
    { collectionName }: Pick<LedgerEntry, 'collectionName'>,
    reply: WriteReply | null,
  ): Promise<void> {
    const _id = ledgerId(source, sequence);
    await this.ledger.add(session, { _id, dataset, collectionName, reply, createdAt: new Date() });
  }

  private async replyOf(session: ClientSession, { source, sequence, dataset }: WriteRequest) {
    const entry = await this.ledger.find(session, ledgerId(source, sequence));
    if (!entry) await delay(20);
    if (!entry || entry.dataset === dataset) return entry?.reply;
    const message = `has written chunk ${sequence} to another dataset`;
    throw new KeyportError('VALIDATION_FAILED', {}, { errors: [{ path: 'source', code: 'custom', message }] });
  }
}
