import { importUndone, type LeftRecord, type ReplyOf, type undoChunk } from '@keyport/contracts';
import { inTransaction, MONGO_CONNECTION } from '@keyport/mongo';
import { untoldEvent } from '@keyport/outbox';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection, Model } from 'mongoose';
import { IMPORT_CONFIG, type ImportConfig } from '../config.ts';
import { chunkResultModel, type ChunkResult } from '../imports/chunk-result.model.ts';
import { importModel, type Failure, type ImportDocument } from '../imports/import.model.ts';
import { finalStates } from '../imports/import-state.ts';
import { leftRecordModel, type StoredLeftRecord } from './left-record.model.ts';
import type { StoredUndo } from './undo.ts';

/** Left records of one import that are kept by name; all are counted. */
const maxNamed = 100_000;

/** What proves that an undo is still this process's: every write is conditional on it. */
export interface UndoHold {
  readonly importId: string;
  readonly fence: number;
}

/** Another process goes on with the undo. */
export class UndoLostError extends Error {
  override readonly name = 'UndoLostError';
}

/** An import whose undo is this process's now. */
export type ClaimedUndo = Pick<ImportDocument, '_id' | 'dataset' | 'datasetId'> & { readonly undo: StoredUndo };

const inMs = (ms: number) => ({ $add: ['$$NOW', ms] });

/** What is stored of undos, and who goes on with them. */
@Injectable()
export class UndosRepository {
  private readonly imports: Model<ImportDocument>;
  private readonly chunks: Model<ChunkResult>;
  private readonly leftRecords: Model<StoredLeftRecord>;
  private readonly leaseMs: number;

  constructor(
    @Inject(MONGO_CONNECTION) private readonly connection: Connection,
    @Inject(IMPORT_CONFIG) config: ImportConfig,
  ) {
    this.imports = importModel(connection);
    this.chunks = chunkResultModel(connection);
    this.leftRecords = leftRecordModel(connection);
    this.leaseMs = config.KEYPORT_IMPORT_LEASE_SECONDS * 1000;
  }

  /** Begins it, or goes on with one that failed; changes nothing where another did so first. */
  async start(importId: string, before: StoredUndo | null, grant: string): Promise<void> {
    const now = new Date();
    const fresh = { next: 0, removed: 0, left: 0, gone: 0, named: 0, requestedAt: now };
    const undo: StoredUndo = {
      ...{ ...fresh, ...before, state: 'running', grant, fence: (before?.fence ?? 0) + 1, failures: 0 },
      ...{ leaseUntil: now, finishedAt: null, error: null },
    };
    const condition = before ? { 'undo.state': 'failed', 'undo.fence': before.fence } : { undo: null };
    await this.imports.updateOne({ _id: importId, state: { $in: finalStates }, ...condition } as object, {
      $set: { undo },
      $inc: { sequence: 1 },
    });
  }

  /** Takes one that runs and that nobody goes on with; null where there is none. */
  async claim(except: readonly string[]): Promise<ClaimedUndo | null> {
    const claimed = await this.imports
      .findOneAndUpdate(
        { _id: { $nin: except }, 'undo.state': 'running', $expr: { $lte: ['$undo.leaseUntil', '$$NOW'] } } as object,
        [{ $set: { 'undo.fence': { $add: ['$undo.fence', 1] }, 'undo.leaseUntil': inMs(this.leaseMs) } }],
        { returnDocument: 'after', updatePipeline: true },
      )
      .select('dataset datasetId undo')
      .lean<ClaimedUndo>()
      .exec();
    return claimed;
  }

  async renew({ importId, fence }: UndoHold): Promise<void> {
    await this.imports.updateOne(
      { _id: importId, 'undo.fence': fence, 'undo.state': 'running' } as object,
      [{ $set: { 'undo.leaseUntil': inMs(this.leaseMs) } }],
      { updatePipeline: true },
    );
  }

  /** Gives it back, for this or another process to go on with after so long. */
  async release({ importId, fence }: UndoHold, forMs: number, failures: number): Promise<void> {
    await this.imports.updateOne(
      { _id: importId, 'undo.fence': fence, 'undo.state': 'running' } as object,
      [{ $set: { 'undo.leaseUntil': inMs(forMs), 'undo.failures': failures } }],
      { updatePipeline: true },
    );
  }

  /** Numbers of chunks that inserted something, from a number on. */
  async chunksFrom(importId: string, number: number, limit: number): Promise<number[]> {
    const found = await this.chunks
      .find({ importId, number: { $gte: number }, 'counts.inserted': { $gt: 0 } } as object)
      .sort({ number: 1 })
      .limit(limit)
      .select('number')
      .lean<{ number: number }[]>()
      .exec();
    return found.map((chunk) => chunk.number);
  }

  /** Counts a chunk that was taken back, once. Throws {@link UndoLostError}. */
  async advance(hold: UndoHold, chunk: number, done: ReplyOf<typeof undoChunk>, namedBefore: number): Promise<number> {
    const named = done.named.slice(0, Math.max(0, maxNamed - namedBefore));
    const { removed, left, gone } = done;
    await inTransaction(this.connection, async (session) => {
      const { matchedCount } = await this.imports.updateOne(
        {
          _id: hold.importId,
          'undo.fence': hold.fence,
          'undo.state': 'running',
          'undo.next': { $lte: chunk },
        } as object,
        {
          $set: { 'undo.next': chunk + 1, 'undo.failures': 0 },
          $inc: {
            ...{ 'undo.removed': removed, 'undo.left': left, 'undo.gone': gone, 'undo.named': named.length },
            sequence: 1,
          },
        },
        { session },
      );
      if (matchedCount === 0) throw new UndoLostError(hold.importId);
      if (named.length === 0) return;
      const rows = named.map((one, index) => ({ importId: hold.importId, place: namedBefore + index, ...one }));
      await this.leftRecords.collection.insertMany(rows, { session });
    });
    return namedBefore + named.length;
  }

  async end({ importId, fence }: UndoHold, error: Failure | null): Promise<void> {
    const ended = { 'undo.state': error ? 'failed' : 'completed', 'undo.error': error, 'undo.grant': '' };
    await this.imports.updateOne({ _id: importId, 'undo.fence': fence, 'undo.state': 'running' } as object, {
      $set: { ...ended, 'undo.finishedAt': new Date() },
      $inc: { sequence: 1 },
      ...(!error && { $push: { untold: untoldEvent(importUndone) } }),
    });
  }

  /** In file order, from the one after `afterPlace`. */
  left(importId: string, afterPlace: number, limit: number): Promise<(LeftRecord & { place: number })[]> {
    return this.leftRecords
      .find({ importId, place: { $gt: afterPlace } })
      .sort({ place: 1 })
      .limit(limit)
      .select('-_id id reason place')
      .lean<(LeftRecord & { place: number })[]>()
      .exec();
  }
}
