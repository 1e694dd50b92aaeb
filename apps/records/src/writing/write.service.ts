import { setTimeout as delay } from 'node:timers/promises';
import type { Caller } from '@keyport/access';
import { KeyportError, type RequestOf, type WriteRejection, writeRecords } from '@keyport/contracts';
import { retriedTransaction, type WriteFault } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import type { ClientSession } from 'mongoose';
import { isSameKey } from '../datasets/dataset-key.ts';
import { DatasetRepository } from '../datasets/dataset.repository.ts';
import { ChunkRepository, RefusedRow } from './chunk.repository.ts';
import { identify, isRejection, rowsOf, type RowIdentity } from './chunk.ts';
import { classify } from './classify.ts';
import { AlreadyWritten, ledgerId, LedgerRepository } from './ledger.repository.ts';
import { duplicateKey, planBlindly, type WriteReply } from './plan.ts';
import { WriteSessions } from './write-sessions.ts';

type WriteRequest = RequestOf<typeof writeRecords>;
type Dataset = NonNullable<Awaited<ReturnType<DatasetRepository['findIn']>>>;

/** Less than the contract's deadline, more than a killed writer's transaction lives (10 s in the stack). */
const retryForMs = 20_000;
/** Other writers' transactions are met all the time; from here on it may be one that nobody goes on with. */
const suspiciousConflicts = 4;
/** How often a duplicate that reading did not show is taken for a race, before the row is refused for it. */
const maxRaces = 3;
const duplicateKeyCode = 11000;

/** A chunk on its way: what the server refused of it so far is left out of the next attempt. */
interface Chunk {
  readonly request: WriteRequest;
  readonly rows: readonly Buffer[];
  readonly refused: Map<number, WriteRejection>;
  /** Set once the server found a duplicate `_id` or key, which a blind insert could not see coming. */
  mustRead: boolean;
  races: number;
  keyFields: readonly string[];
}

@Injectable()
export class WriteService {
  constructor(
    private readonly datasets: DatasetRepository,
    private readonly ledger: LedgerRepository,
    private readonly chunks: ChunkRepository,
    private readonly sessions: WriteSessions,
  ) {}

  async write(request: WriteRequest, caller: Caller): Promise<WriteReply> {
    // An accepted import may write what it was accepted for (docs: scopes); by a token alone it takes records:create.
    const isImport = caller.identity.jobId !== undefined && caller.may('imports:create', request.dataset);
    if (!isImport) caller.require('records:create', request.dataset);
    if (request.mode === 'upsert') caller.require('records:update', request.dataset);
    const rows = rowsOf(request);
    return this.sessions.use((session) =>
      this.writeOnce(session, { request, rows, refused: new Map(), mustRead: false, races: 0, keyFields: [] }),
    );
  }

  private async writeOnce(session: ClientSession, chunk: Chunk): Promise<WriteReply> {
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
  private async attempt(session: ClientSession, chunk: Chunk): Promise<WriteReply> {
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

  private async insertBlindly(session: ClientSession, chunk: Chunk, dataset: Dataset): Promise<WriteReply> {
    const { request, rows, refused } = chunk;
    const reply = planBlindly(rows.length, refused);
    await this.enter(session, request, dataset, reply);
    if (refused.size === 0) {
      if (rows.length > 0) await this.chunks.insert(session, dataset.collectionName, [request.documents], undefined);
      return reply;
    }
    const kept = rows.flatMap((_, index) => (refused.has(index) ? [] : [index]));
    const documents = kept.flatMap((index) => rows[index] ?? []);
    if (documents.length > 0) await this.chunks.insert(session, dataset.collectionName, documents, kept);
    return reply;
  }

  private async apply(session: ClientSession, chunk: Chunk, dataset: Dataset): Promise<WriteReply> {
    const { request, rows, refused } = chunk;
    const { collectionName, key } = dataset;
    const match = matchFields(request, key);
    const { identified, rejected } = identifyAll(rows, { key, match }, refused);
    const checksIds = request.hasOwnIds || chunk.mustRead;
    const stored = await this.chunks.storedRows(session, { collectionName, rows: identified, key, match, checksIds });
    const keepsOrder = match !== null && key !== null && match !== key;
    const rules = { mode: request.mode, keyFields: key ?? [], keepsOrder };
    const { operations, reply } = classify(identified.map(chunkRow), stored, rules, rejected);
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

/** The dataset's own array where it is the dataset's key, so that both can be told to be one. */
function matchFields({ mode, key }: WriteRequest, datasetKey: readonly string[] | null): readonly string[] | null {
  if (mode === 'insert') return null;
  if (key.length === 0) return ['_id'];
  return isSameKey(key, datasetKey) ? datasetKey : key;
}

function identifyAll(
  rows: readonly Buffer[],
  by: Parameters<typeof identify>[2],
  refused: ReadonlyMap<number, WriteRejection>,
) {
  const rejected = new Map(refused);
  const identified: RowIdentity[] = [];
  rows.forEach((row, index) => {
    if (refused.has(index)) return;
    const identity = identify(row, index, by);
    if (isRejection(identity)) rejected.set(index, identity);
    else identified.push(identity);
  });
  return { identified, rejected };
}

const chunkRow = ({ index, id, key, match, idElement, body }: RowIdentity) => ({
  index,
  id,
  key: key && key.text,
  match: match && match.text,
  idBytes: idElement.bytes.subarray(idElement.start, idElement.end),
  body,
});

/**
 * What the next attempt does otherwise. The server stops at the first statement that it refuses, so leaving that row out
 * and starting again ends as writing one by one would. A duplicate of `_id` or key that reading should have shown is a
 * race with another writer at first: the next attempt sees what that one stored.
 */
function learn(chunk: Chunk, row: number, { code, fields, message }: WriteFault): void {
  if (code === duplicateKeyCode && isKnown(fields, chunk.keyFields)) {
    const wasBlind = !chunk.mustRead;
    chunk.mustRead = true;
    chunk.races += 1;
    if (wasBlind || chunk.races <= maxRaces) return;
  }
  chunk.refused.set(
    row,
    code === duplicateKeyCode
      ? duplicateKey(row, fields)
      : { index: row, code: 'NOT_STORABLE', message: message.slice(0, 500) },
  );
}

const isKnown = (fields: readonly string[], keyFields: readonly string[]) =>
  isSameKey(fields, ['_id']) || isSameKey(fields, keyFields);
