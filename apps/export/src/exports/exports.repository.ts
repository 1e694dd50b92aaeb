import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection, Model, QueryFilter } from 'mongoose';
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
  readonly state: ExportState | undefined;
  /** Last one of the page before. */
  readonly after: string | undefined;
  readonly limit: number;
}

/** Milliseconds that the record of an export outlives its file. */
export const forgetAfterMs = 30 * 24 * 3600 * 1000;

const viewed = '-grant -position -tail -lease -fence -attempts -notBefore';

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

  async create(created: NewExport): Promise<ExportView> {
    const document = await this.exports.create({ ...created, state: 'queued' });
    return document.toObject<ExportRecord>();
  }

  /** Null where it does not exist or is being deleted. */
  find(id: string): Promise<ExportView | null> {
    return this.exports.findOne({ _id: id, deletedAt: null }).select(viewed).lean<ExportView>().exec();
  }

  /** Newest first, as ids tell. */
  list({ visible, dataset, state, after, limit }: ListQuery): Promise<ExportView[]> {
    const conditions: QueryFilter<ExportRecord>[] = [{ deletedAt: null }, visible];
    if (dataset) conditions.push({ dataset });
    if (state) conditions.push({ state });
    if (after) conditions.push({ _id: { $lt: after } });
    return this.exports
      .find({ $and: conditions })
      .sort({ _id: -1 })
      .limit(limit)
      .select(viewed)
      .lean<ExportView[]>()
      .exec();
  }

  /** Cancels it where it is not done yet, and hides it; {@link free} deletes it after that. */
  async hide(id: string): Promise<void> {
    const deletedAt = new Date();
    await this.exports.updateOne(
      { _id: id, state: { $in: statesBefore('cancel') } },
      { $set: { state: 'cancelled', finishedAt: deletedAt, lease: null } },
    );
    await this.exports.updateOne({ _id: id, deletedAt: null }, { $set: { deletedAt } });
  }

  /** Completed exports whose time is over become `expired`. */
  async expire(now: Date): Promise<void> {
    const forgetAt = new Date(now.getTime() + forgetAfterMs);
    await this.exports.updateMany(
      { state: { $in: statesBefore('expire') }, expiresAt: { $lte: now } },
      { $set: { state: 'expired', forgetAt } },
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

  /** Deletes the parts, and the record too where its owner deleted it. */
  async free(id: string): Promise<void> {
    await this.parts.deleteAll(id);
    await this.exports.deleteOne({ _id: id, deletedAt: { $ne: null } });
    await this.exports.updateOne({ _id: id }, { $set: { hasParts: false, tail: null } });
  }
}
