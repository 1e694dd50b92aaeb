import { setTimeout as delay } from 'node:timers/promises';
import type { Caller } from '@keyport/access';
import { KeyportError } from '@keyport/contracts';
import { retriedTransaction } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import type { ClientSession } from 'mongoose';
import { DatasetRepository } from '../datasets/dataset.repository.ts';
import { ChunkRepository, RefusedRow } from './chunk.repository.ts';
import { classify } from './classify.ts';
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
import { planBlindly, type WriteReply } from './plan.ts';
import { StoredRowsRepository } from './stored-rows.repository.ts';
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
    // An accepted import may write what it was accepted for (docs/tokens.md, "Scopes"); a token alone takes records:create.
    const isImport = caller.identity.jobId !== undefined && caller.may('imports:create', request.dataset);
    if (!isImport) caller.require('records:create', request.dataset);
    if (request.mode === 'upsert') caller.require('records:update', request.dataset);
    const chunk = pendingChunk(request);
    return this.sessions.use((session) => this.writeOnce(session, chunk));
  }

  private async writeOnce(session: ClientSession, chunk: PendingChunk): Promise<WriteReply> {
    for (const deadline = Date.now() + retryForMs; ;) {
      try {
        return await retriedTransaction(session, () => this.attempt(session, chunk), {
          retryForMs: deadline - Date.now(),
          beforeRetry: async (failed) => {
            if (failed >= suspiciousConflicts) await this.sessions.endOrphans();
          },
        });
      } catch (error) {
        if (error instanceof AlreadyWritten) {
          const reply = await this.replyOf(session, chunk.request);
          if (reply) return reply;
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
    if (!dataset) throw new KeyportError('DATASET_NOT_FOUND', { dataset: request.dataset });
    chunk.keyFields = dataset.key ?? [];
    if (!dataset.written) await this.datasets.markWritten(session, dataset);
    // Ids made from source and row number: neither they nor a key can have been stored before.
    const meetsNothing =
      !request.hasOwnIds && dataset.key === null && (request.mode === 'insert' || request.key.length === 0);
    const isBlind = meetsNothing && !chunk.mustRead;
    return isBlind ? this.insertBlindly(session, chunk, dataset) : this.apply(session, chunk, dataset);
  }

  private async insertBlindly(session: ClientSession, chunk: PendingChunk, dataset: Dataset): Promise<WriteReply> {
    const { request, rowStarts, refused } = chunk;
    const reply = planBlindly(rowStarts.length, refused);
    await this.enter(session, request, dataset, reply);
    if (reply.inserted === 0) return reply;
    if (refused.size === 0) {
      await this.chunks.insert(session, dataset.collectionName, [request.documents], undefined);
    } else {
      const { documents, rows } = keptDocuments(chunk);
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
    const { operations, reply } = classify(rows, stored, rules, rejected);
    await this.enter(session, request, dataset, reply);
    await this.chunks.run(session, collectionName, operations);
    return reply;
  }

  private async enter(session: ClientSession, request: WriteRequest, dataset: Dataset, reply: WriteReply) {
    const { source, sequence } = request;
    await this.ledger.add(session, {
      _id: ledgerId(source, sequence),
      dataset: request.dataset,
      collectionName: dataset.collectionName,
      reply,
      createdAt: new Date(),
    });
  }

  private async replyOf(session: ClientSession, { source, sequence, dataset }: WriteRequest) {
    const entry = await this.ledger.find(session, ledgerId(source, sequence));
    if (!entry) await delay(20);
    if (!entry || entry.dataset === dataset) return entry?.reply;
    const message = `has written chunk ${sequence} to another dataset`;
    throw new KeyportError('VALIDATION_FAILED', {}, { errors: [{ path: 'source', code: 'custom', message }] });
  }
}
