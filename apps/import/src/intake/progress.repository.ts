import {
  importCounts,
  type ErrorCode,
  type ErrorParams,
  type ImportCounts,
  type RejectedRow,
} from '@keyport/contracts';
import { isDuplicateKey, MONGO_CONNECTION } from '@keyport/mongo';
import { untoldEvent, type UntoldEvent } from '@keyport/outbox';
import { Inject, Injectable } from '@nestjs/common';
import type { ClientSession, Connection, Model } from 'mongoose';
import type { ChunkOutcome } from '../imports/chunk-outcome.ts';
import { chunkResultModel, type ChunkResult } from '../imports/chunk-result.model.ts';
import { eventOf } from '../imports/import-events.ts';
import { importModel, type ImportDocument, type StoredPosition } from '../imports/import.model.ts';
import { transitionOf, unfinishedStates, type ImportEvent } from '../imports/import-state.ts';
import { RejectedRowsRepository } from '../rejects/rejected-rows.repository.ts';
import type { Hold } from './leases.repository.ts';

export interface Advance {
  readonly outcomes: readonly ChunkOutcome[];
  readonly position: StoredPosition;
  readonly received: number;
}

export interface End {
  readonly event: Extract<ImportEvent, 'complete' | 'fail' | 'cancel'>;
  readonly error?: { readonly code: ErrorCode; readonly params: ErrorParams };
  /** Chunks that were written behind the one that ended the import. */
  readonly outcomes?: readonly ChunkOutcome[];
  /** Bytes of the upload that lie behind, where that is not what the last chunk said. */
  readonly processed?: number;
}

/** Another process holds the import now, or it has ended: nothing of this run counts any more. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

/** What the holder of an import stores. Nothing is, once the lease is lost or the import has ended. */
@Injectable()
export class ProgressRepository {
  private readonly imports: Model<ImportDocument>;
  private readonly chunks: Model<ChunkResult>;

  constructor(
    @Inject(MONGO_CONNECTION) connection: Connection,
    private readonly rejectedRows: RejectedRowsRepository,
  ) {
    this.imports = importModel(connection);
    this.chunks = chunkResultModel(connection);
  }

  /** Results of chunks, their rejected rows, totals and position: all or nothing. Throws {@link LeaseLostError}. */
  async advance(hold: Hold, { outcomes, position, received }: Advance): Promise<void> {
    await this.inTransaction(hold, outcomes, (session) => {
      const changes = { position, failures: 0, lostHolders: 0, idleSequence: null, touchedAt: new Date() };
      return this.update(session, hold, { $set: changes, $max: { received } }, outcomes);
    });
  }

  /** Throws {@link LeaseLostError}. */
  async end(hold: Hold, { event, error, outcomes = [], processed }: End): Promise<void> {
    const { from, to } = transitionOf(event);
    const changes = {
      ...{ state: to, error: error ?? null, finishedAt: new Date(), grant: '', 'lease.owner': null },
      ...(processed !== undefined && { 'position.processed': processed }),
      ...(outcomes.length > 0 && { readBehind: outcomes.map(({ range }) => range) }),
    };
    const told = eventOf(event);
    const update = { $set: changes, ...(told && { $push: { untold: untoldEvent(told) } }) };
    await this.inTransaction(hold, outcomes, (session) => this.update(session, hold, update, outcomes, from));
  }

  /** Bytes that arrived, where nothing is written yet. */
  async arrived({ importId, owner, fence }: Hold, received: number): Promise<void> {
    await this.imports.updateOne(
      { _id: importId, 'lease.owner': owner, 'lease.fence': fence },
      { $max: { received }, $set: { touchedAt: new Date(), lostHolders: 0 }, $inc: { sequence: 1 } },
    );
  }

  /**
   * In the session that whoever takes over can end. The import itself is touched last, so that it is locked least: where
   * this process is killed, a request for it waits for that lock. What else is stored of the import meanwhile, as a renewed
   * lease, makes the transaction begin anew, on a slow machine with many rejected rows again and again; so then the import
   * is touched first. Details of rejected rows that the work leaves over follow, once their rows are counted: a process
   * that is killed in between loses them, and no count.
   */
  private async inTransaction(
    { session, importId }: Hold,
    outcomes: readonly ChunkOutcome[],
    touch: (session: ClientSession) => Promise<void>,
  ): Promise<void> {
    let isRepeated = false;
    const work = async () => {
      const touchesFirst = isRepeated;
      isRepeated = true;
      if (touchesFirst) await touch(session);
      const rest = await this.insert(session, importId, outcomes);
      if (!touchesFirst) await touch(session);
      return rest;
    };
    try {
      const rest = await session.withTransaction(work, {
        readConcern: { level: 'snapshot' },
        writeConcern: { w: 'majority', journal: true },
      });
      await this.rejectedRows.addRest(importId, rest);
    } catch (error) {
      // Another holder has stored the same chunk.
      if (isDuplicateKey(error)) throw new LeaseLostError(importId, { cause: error });
      throw error;
    }
  }

  private async update(
    session: ClientSession,
    { importId, owner, fence }: Hold,
    changes: { $set: object; $max?: object; $push?: { untold: UntoldEvent } },
    outcomes: readonly ChunkOutcome[],
    states: readonly string[] = unfinishedStates,
  ): Promise<void> {
    const { matchedCount } = await this.imports.updateOne(
      { _id: importId, 'lease.owner': owner, 'lease.fence': fence, state: { $in: states } } as object,
      { ...changes, $inc: { sequence: 1, ...increments(outcomes) } },
      { session },
    );
    if (matchedCount === 0) throw new LeaseLostError(importId);
  }

  private async insert(
    session: ClientSession,
    importId: string,
    outcomes: readonly ChunkOutcome[],
  ): Promise<RejectedRow[]> {
    if (outcomes.length === 0) return [];
    const chunks = outcomes.map(({ number, counts }) => ({ importId, number, counts }));
    await this.chunks.collection.insertMany(chunks, { session });
    return this.rejectedRows.count(session, importId, outcomes);
  }
}

const countNames = Object.keys(importCounts.shape) as (keyof ImportCounts)[];

function increments(outcomes: readonly ChunkOutcome[]): Record<string, number> {
  const totals = countNames.map((name) => [`counts.${name}`, sum(outcomes.map(({ counts }) => counts[name]))] as const);
  return Object.fromEntries(totals);
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);
