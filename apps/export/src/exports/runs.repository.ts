import { exportCompleted, exportFailed, type EventContract } from '@keyport/contracts';
import { inTransaction, MONGO_CONNECTION } from '@keyport/mongo';
import { untoldEvent } from '@keyport/outbox';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection, Model } from 'mongoose';
import { orFull } from './disk-full.ts';
import { statesBefore } from './export-states.ts';
import { exportModel, type ExportRecord } from './export.model.ts';
import { forgetAfterMs } from './exports.repository.ts';
import { LeaseLost } from './lease-lost.ts';
import { PartsRepository } from './parts.repository.ts';

/** An export that this process holds: only the newest fence may change it. */
export type ClaimedExport = Readonly<
  Pick<
    ExportRecord,
    | '_id'
    | 'dataset'
    | 'datasetId'
    | 'selection'
    | 'grant'
    | 'limits'
    | 'bytes'
    | 'since'
    | 'position'
    | 'tail'
    | 'fence'
    | 'attempts'
  >
>;

export interface Progress {
  /** Length of the file before these bytes. */
  readonly offset: number;
  /** The bytes, in order. */
  readonly pieces: readonly Uint8Array[];
  /** Bytes of all pieces. */
  readonly length: number;
  /** Documents in them. */
  readonly written: number;
  /** As the first page of all told it. */
  readonly since: string | undefined;
}

export interface Completion {
  readonly digest: string;
  readonly finishedAt: Date;
  readonly expiresAt: Date;
}

export interface Release {
  /** Milliseconds before anyone may go on. */
  readonly delayMs: number;
  /** Counts as a failed try. */
  readonly isAttempt: boolean;
}

/** The changes that the holder of an export's lease makes. All times of leases are the database's. */
@Injectable()
export class RunsRepository {
  private readonly exports: Model<ExportRecord>;

  constructor(
    @Inject(MONGO_CONNECTION) private readonly connection: Connection,
    private readonly parts: PartsRepository,
  ) {
    this.exports = exportModel(connection);
  }

  /** Takes the oldest export that waits, or whose holder was not heard of in time. */
  async claim(holder: string, leaseMs: number): Promise<ClaimedExport | null> {
    const isFree = { $lt: [{ $ifNull: ['$lease.until', new Date(0)] }, '$$NOW'] };
    const isDue = { $lte: ['$notBefore', '$$NOW'] };
    const claimed = await this.exports.collection.findOneAndUpdate(
      { state: { $in: statesBefore('claim') }, deletedAt: null, $expr: { $and: [isDue, isFree] } },
      [
        {
          $set: {
            state: 'running',
            startedAt: { $ifNull: ['$startedAt', '$$NOW'] },
            lease: { holder: { $literal: holder }, until: leaseEnd(leaseMs) },
            fence: { $add: ['$fence', 1] },
            sequence: { $add: [{ $ifNull: ['$sequence', 0] }, 1] },
          },
        },
      ],
      { sort: { createdAt: 1 }, returnDocument: 'after', promoteBuffers: true },
    );
    return claimed as ClaimedExport | null;
  }

  /** False where it is held no longer. */
  async renew({ _id, fence }: ClaimedExport, leaseMs: number): Promise<boolean> {
    // One that arrives behind a release must not hold up who goes on.
    const { matchedCount } = await this.exports.collection.updateOne(
      { _id: _id as never, fence, state: 'running', lease: { $ne: null } },
      [{ $set: { 'lease.until': leaseEnd(leaseMs) } }],
    );
    return matchedCount > 0;
  }

  /** Adds bytes to the file together with the position behind them and the tail. Throws {@link LeaseLost} and EXPORTS_FULL. */
  store(run: ClaimedExport, progress: Progress, position: Uint8Array, tail: Uint8Array): Promise<void> {
    return this.advance(run, progress, {
      position: Buffer.from(position),
      tail: tail.length > 0 ? Buffer.from(tail) : null,
    });
  }

  /** Adds the last bytes and makes the file readable. Throws {@link LeaseLost} and EXPORTS_FULL. */
  complete(run: ClaimedExport, progress: Progress, completion: Completion): Promise<void> {
    const ended = { state: 'completed', position: null, tail: null, lease: null } as const;
    return this.advance(run, progress, { ...completion, ...ended }, exportCompleted);
  }

  /** Ends it without a file. Parts that a kill leaves behind here are swept later. */
  async fail({ _id, fence }: ClaimedExport, error: NonNullable<ExportRecord['error']>): Promise<void> {
    const finishedAt = new Date();
    const forgetAt = new Date(finishedAt.getTime() + forgetAfterMs);
    const { matchedCount } = await this.exports.updateOne(
      { _id, fence, state: { $in: statesBefore('fail') } },
      {
        $set: { state: 'failed', error, finishedAt, forgetAt, lease: null, tail: null },
        $inc: { sequence: 1 },
        $push: { untold: untoldEvent(exportFailed) },
      },
    );
    if (matchedCount === 0) return;
    await this.parts.deleteAll(_id);
    await this.exports.updateOne({ _id }, { $set: { hasParts: false } });
  }

  /** Lets another process, or a later try, go on. Resolves to the failed tries since the last stored part. */
  async release({ _id, fence }: ClaimedExport, { delayMs, isAttempt }: Release): Promise<number> {
    const released = await this.exports.collection.findOneAndUpdate(
      { _id: _id as never, fence, state: 'running' },
      [
        {
          $set: {
            lease: null,
            notBefore: { $add: ['$$NOW', delayMs] },
            attempts: { $add: ['$attempts', isAttempt ? 1 : 0] },
          },
        },
      ],
      { returnDocument: 'after', projection: { attempts: 1 } },
    );
    return (released?.attempts as number | undefined) ?? 0;
  }

  private advance(
    { _id, fence }: ClaimedExport,
    { offset, pieces, length, written, since }: Progress,
    set: Partial<ExportRecord>,
    told?: EventContract,
  ): Promise<void> {
    const push = told && { $push: { untold: untoldEvent(told) } };
    const storing = inTransaction(this.connection, async (session) => {
      const { matchedCount } = await this.exports.updateOne(
        { _id, fence, bytes: offset, state: { $in: statesBefore('complete') } },
        {
          $set: { ...set, ...(since !== undefined && { since }), hasParts: true, attempts: 0 },
          $inc: { bytes: length, written, sequence: 1 },
          ...push,
        },
        { session },
      );
      if (matchedCount === 0) throw new LeaseLost();
      await this.parts.append(_id, offset, pieces, session);
    });
    return orFull(storing);
  }
}

const leaseEnd = (leaseMs: number) => ({ $add: ['$$NOW', leaseMs] });
