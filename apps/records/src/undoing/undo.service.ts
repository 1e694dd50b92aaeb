import type { Caller } from '@keyport/access';
import { KeyportError, type ReplyOf, type RequestOf, type undoChunk } from '@keyport/contracts';
import { comparable, retriedTransaction } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import type { ClientSession } from 'mongoose';
import { DatasetRepository } from '../datasets/dataset.repository.ts';
import type { Query } from '../limits/limit-filter.ts';
import { readViewOf } from '../limits/read-view.ts';
import { wholeRows } from '../limits/whole-rows.ts';
import { DatasetSessions } from '../sources/dataset-sessions.service.ts';
import { NotedChanges } from '../telling/noted-changes.repository.ts';
import type { LedgerEntry } from '../writing/ledger.model.ts';
import { ledgerId, LedgerRepository } from '../writing/ledger.repository.ts';
import { InsertedRecordsRepository } from './inserted-records.repository.ts';
import { insertedRows } from './inserted-rows.ts';
import { named } from './left-records.ts';

type UndoRequest = RequestOf<typeof undoChunk>;
type UndoReply = ReplyOf<typeof undoChunk>;

/** Less than the contract's deadline, more than a killed writer's transaction lives (10 s in the stack). */
const retryForMs = 20_000;
/** From here on it may be a transaction that nobody goes on with. */
const suspiciousConflicts = 4;

const nothing: UndoReply = { removed: 0, gone: 0, left: 0, named: [] };

/** Takes back what chunks inserted, each in one transaction with its ledger entry. */
@Injectable()
export class UndoService {
  constructor(
    private readonly sessions: DatasetSessions,
    private readonly datasets: DatasetRepository,
    private readonly ledger: LedgerRepository,
    private readonly records: InsertedRecordsRepository,
    private readonly changes: NotedChanges,
  ) {}

  async undo(request: UndoRequest, caller: Caller): Promise<UndoReply> {
    const isAsking = caller.isRevoked && caller.identity.jobId === request.source;
    const query = isAsking ? undefined : queryOf(caller, request.dataset);
    const reply = await this.inTransaction(request.dataset, (session) =>
      isAsking ? this.close(session, request) : this.attempt(session, request, query),
    );
    if (!reply) throw new KeyportError('RIGHTS_LOST');
    return reply;
  }

  private async attempt(session: ClientSession, request: UndoRequest, query: Query | undefined): Promise<UndoReply> {
    const entry = await this.entry(session, request);
    if (entry.undo?.done) return entry.undo.done;
    // Somebody else goes on with this undo, or its rights were lost meanwhile.
    if (entry.undo && entry.undo.fence > request.fence) throw new KeyportError('WRITE_CONFLICT');
    const done = await this.remove(session, request, entry, query);
    await this.ledger.setUndo(session, entry._id, { fence: request.fence, done });
    return done;
  }

  /** What became of it; where nothing did, a request that is still under way with a smaller fence comes too late. */
  private async close(session: ClientSession, request: UndoRequest): Promise<UndoReply | undefined> {
    const entry = await this.entry(session, request);
    if (entry.undo?.done) return entry.undo.done;
    const fence = Math.max(request.fence + 1, entry.undo?.fence ?? 0);
    await this.ledger.setUndo(session, entry._id, { fence, done: null });
    return undefined;
  }

  private async entry(session: ClientSession, { source, sequence, dataset }: UndoRequest): Promise<LedgerEntry> {
    const entry = await this.ledger.findInserted(session, ledgerId(source, sequence));
    // An entry of an earlier version does not say what was inserted.
    const isKnown = entry?.dataset === dataset && (entry.undo || entry.inserted || !entry.reply?.inserted);
    if (!isKnown) throw new KeyportError('UNDO_EXPIRED', { importId: source });
    return entry;
  }

  private async remove(
    session: ClientSession,
    { source, dataset: name, datasetId }: UndoRequest,
    { inserted, collectionName }: LedgerEntry,
    query: Query | undefined,
  ): Promise<UndoReply> {
    const dataset = await this.datasets.findIn(session, name);
    if (dataset?.id !== datasetId) throw new KeyportError('DATASET_NOT_FOUND', { dataset: name });
    if (!inserted) return nothing;
    const rows = insertedRows(source, inserted);
    // Emptied and given another key since.
    if (dataset.collectionName !== collectionName) return { ...nothing, gone: rows.length };
    const { unchanged, changed } = await this.records.present(session, collectionName, rows);
    const allowed = query && (await this.records.matching(session, collectionName, rows, query));
    const removable = rows.filter(({ id }) => unchanged.has(comparable(id)) && (allowed?.has(comparable(id)) ?? true));
    const removed = new Set(removable.map(({ id }) => comparable(id)));
    const left = rows.flatMap(({ id }) => {
      const text = comparable(id);
      if (removed.has(text) || !(unchanged.has(text) || changed.has(text))) return [];
      const reason = allowed && !allowed.has(text) ? ('ROW_NOT_ALLOWED' as const) : ('CHANGED' as const);
      return [{ id, reason }];
    });
    await this.records.remove(session, collectionName, removable);
    await this.changes.note(session, dataset, { inserted: 0, updated: 0, deleted: removable.length });
    const gone = rows.length - removed.size - left.length;
    return { removed: removed.size, gone, left: left.length, named: named(left) };
  }

  private inTransaction<Result>(dataset: string, work: (session: ClientSession) => Promise<Result>): Promise<Result> {
    return this.sessions.use(dataset, (session, sessions) =>
      retriedTransaction(session, () => work(session), {
        retryForMs,
        beforeRetry: async (failed) => {
          if (failed >= suspiciousConflicts) await sessions.endOrphans();
        },
      }),
    );
  }
}

/** Matches what the caller may delete; undefined for all. Throws INSUFFICIENT_SCOPE, FIELD_NOT_ALLOWED, RIGHTS_LOST. */
function queryOf(caller: Caller, dataset: string): Query | undefined {
  caller.require('records:delete', dataset);
  return readViewOf(wholeRows(caller.limitsOn('records:delete', dataset)), undefined).query;
}
