import { exportCancelled, exportExpired } from '@keyport/contracts';
import { MONGO_CONNECTION } from '@keyport/mongo';
import { untoldEvent, withUntold } from '@keyport/outbox';
import { Inject, Injectable } from '@nestjs/common';
import type { ClientSession, Connection, Model, QueryFilter } from 'mongoose';
import { statesBefore, type ExportState } from './export-states.ts';
import { exportModel, type ExportRecord, type ExportView } from './export.model.ts';
import { PartsRepository } from './parts.repository.ts';

export type NewExport = Pick<
  ExportRecord,
  '_id' | 'dataset' | 'datasetId' | 'selection' | 'creator' | 'grant' | 'limits' | 'createdAt' | 'notBefore'
>;

export interface ListQuery {
  readonly visible: QueryFilter<ExportRecord>;
  readonly dataset: string | undefined;
  readonly states: readonly ExportState[] | undefined;
  readonly createdAfter: Date | undefined;
  readonly createdBefore: Date | undefined;
  /** Last one of the page before. */
  readonly after: string | undefined;
  readonly limit: number;
}

/** Milliseconds that the record of an export outlives its file. */
export const forgetAfterMs = 30 * 24 * 3600 * 1000;

const viewed = '-grant -position -tail -lease -fence -attempts -notBefore -untold';

/** In an update as a pipeline. */
const nextSequence = { $add: [{ $ifNull: ['$sequence', 0] }, 1] };

/** What owners of exports see and do; writing them is the business of `RunsRepository`. */
@Injectable()
export class ExportsRepository {
  private readonly exports: Model<ExportRecord>;

  constructor(
    @Inject(MONGO_CONNECTION) connection: Connection,
    private readonly parts: PartsRepository,
  ) {
    this.exports = exportModel(connection);
  }

  async create(created: NewExport, session: ClientSession): Promise<ExportView> {
    const document = new this.exports({ ...created, state: 'queued' });
    await document.save({ session });
    return document.toObject<ExportRecord>();
  }

  /** Null where it does not exist or is being deleted. */
  find(id: string): Promise<ExportView | null> {
    return this.exports.findOne({ _id: id, deletedAt: null }).select(viewed).lean<ExportView>().exec();
  }

  /** Newest first, as ids tell. */
  list({ visible, dataset, states, createdAfter, createdBefore, after, limit }: ListQuery): Promise<ExportView[]> {
    const conditions: QueryFilter<ExportRecord>[] = [{ deletedAt: null }, visible];
    if (dataset) conditions.push({ dataset });
    if (states) conditions.push({ state: { $in: [...states] } });
    if (createdAfter) conditions.push({ createdAt: { $gte: createdAfter } });
    if (createdBefore) conditions.push({ createdAt: { $lt: createdBefore } });
    if (after) conditions.push({ _id: { $lt: after } });
    return this.exports
      .find({ $and: conditions })
      .sort({ _id: -1 })
      .limit(limit)
      .select(viewed)
      .lean<ExportView[]>()
      .exec();
  }

  /** False where it has ended already. Who writes it can store nothing more from here on. */
  async cancel(id: string): Promise<boolean> {
    const finishedAt = new Date();
    const forgetAt = new Date(finishedAt.getTime() + forgetAfterMs);
    const { matchedCount } = await this.exports.updateOne(
      { _id: id, state: { $in: statesBefore('cancel') }, deletedAt: null },
      {
        $set: { state: 'cancelled', finishedAt, forgetAt, lease: null },
        $inc: { sequence: 1 },
        $push: { untold: untoldEvent(exportCancelled) },
      },
    );
    return matchedCount > 0;
  }

  /** Cancels it where it is not done yet, and hides it; {@link free} deletes it after that. */
  async hide(id: string): Promise<void> {
    const deletedAt = new Date();
    await this.exports.updateOne(
      { _id: id, state: { $in: statesBefore('cancel') } },
      {
        $set: { state: 'cancelled', finishedAt: deletedAt, lease: null },
        $push: { untold: untoldEvent(exportCancelled) },
      },
    );
    await this.exports.updateOne({ _id: id, deletedAt: null }, { $set: { deletedAt } });
  }

  /** Completed exports whose time is over become `expired`. */
  async expire(now: Date): Promise<void> {
    const forgetAt = new Date(now.getTime() + forgetAfterMs);
    await this.exports.updateMany(
      { state: { $in: statesBefore('expire') }, expiresAt: { $lte: now } },
      [{ $set: { state: 'expired', forgetAt, sequence: nextSequence, untold: withUntold(exportExpired) } }],
      { updatePipeline: true },
    );
  }

  /** Hidden ones, and those that still hold parts which nobody may read again. */
  findSpent(): Promise<ExportView[]> {
    const unreadable: ExportState[] = ['failed', 'cancelled', 'expired'];
    return this.exports
      .find({ $or: [{ deletedAt: { $ne: null } }, { state: { $in: unreadable }, hasParts: true }] })
      .select(viewed)
      .lean<ExportView[]>()
      .exec();
  }

  /** Deletes the parts, and the record too where its owner deleted it and the world knows what became of it. */
  async free(id: string): Promise<void> {
    await this.parts.deleteAll(id);
    await this.exports.deleteOne({ _id: id, deletedAt: { $ne: null }, 'untold.0': { $exists: false } } as object);
    await this.exports.updateOne({ _id: id }, { $set: { hasParts: false, tail: null } });
  }
}
