import type { ImportCounts, ImportState } from '@keyport/contracts';
import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { ClientSession, Connection, Model, QueryFilter } from 'mongoose';
import { importModel, type Failure, type ImportDocument, type Reserved } from './import.model.ts';
import { transitionOf, type ImportEvent } from './import-state.ts';

/** What an accepted import is made of; the rest starts the same for all. */
export type NewImport = Pick<
  ImportDocument,
  | '_id'
  | 'dataset'
  | 'datasetId'
  | 'creator'
  | 'mode'
  | 'format'
  | 'contentEncoding'
  | 'readingText'
  | 'key'
  | 'onError'
  | 'maxErrors'
  | 'schemaText'
  | 'grant'
  | 'limits'
  | 'reserved'
>;

export interface ImportPage {
  readonly visible: QueryFilter<ImportDocument>;
  readonly dataset: string | undefined;
  readonly state: ImportState | undefined;
  /** Id of the last import of the page before. */
  readonly after: string | undefined;
  readonly limit: number;
}

export const noCounts: ImportCounts = {
  read: 0,
  inserted: 0,
  updated: 0,
  unchanged: 0,
  deleted: 0,
  rejected: 0,
  skipped: 0,
};

/** What callers do with imports. Each update is conditional on the state, so that it never overwrites another. */
@Injectable()
export class ImportsRepository {
  private readonly imports: Model<ImportDocument>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.imports = importModel(connection);
  }

  /** Throws MongoDB's duplicate key error where the id is taken. */
  async create(accepted: NewImport, session?: ClientSession): Promise<ImportDocument> {
    const now = new Date();
    const created = new this.imports({
      ...accepted,
      state: 'receiving',
      epoch: 1,
      counts: noCounts,
      createdAt: now,
      touchedAt: now,
      notBefore: now,
      lease: { owner: null, fence: 0, expiresAt: now, session: null },
    });
    await created.save({ session: session ?? null });
    return created.toObject();
  }

  find(importId: string, session?: ClientSession): Promise<ImportDocument | null> {
    return this.imports
      .findById(importId)
      .session(session ?? null)
      .lean<ImportDocument>()
      .exec();
  }

  async setReserved(importId: string, reserved: Reserved, session: ClientSession): Promise<void> {
    await this.imports.updateOne({ _id: importId }, { $set: { reserved } }, { session });
  }

  /** Newest first. */
  list({ visible, dataset, state, after, limit }: ImportPage): Promise<ImportDocument[]> {
    const filter: QueryFilter<ImportDocument> = {
      ...(dataset !== undefined && { dataset }),
      ...(state !== undefined && { state }),
      ...(after !== undefined && { _id: { $lt: after } }),
    };
    return this.imports
      .find({ $and: [visible, filter] })
      .sort({ _id: -1 })
      .limit(limit)
      .lean<ImportDocument[]>()
      .exec();
  }

  /** The upload is whole; null where it was not waiting for that. */
  seal(importId: string, epoch: number, length: number, session?: ClientSession): Promise<ImportDocument | null> {
    const now = new Date();
    const sealed = { sealedLength: length, received: length, touchedAt: now, notBefore: now };
    return this.change(importId, 'seal', { epoch }, sealed, session);
  }

  /** Ends an import that nobody holds, whose every written chunk is therefore counted. */
  cancelResting(importId: string): Promise<ImportDocument | null> {
    return this.change(importId, 'cancel', { 'lease.owner': null }, { finishedAt: new Date() });
  }

  /** Asks the holder, or whoever takes over from a dead one, to stop. */
  async requestCancel(importId: string): Promise<void> {
    const now = new Date();
    await this.imports.updateOne(
      { _id: importId, state: { $in: transitionOf('cancel').from }, cancelRequestedAt: null },
      { $set: { cancelRequestedAt: now, notBefore: now } },
    );
  }

  /** Ends, for a reason, an import that nobody holds, whose every written chunk is therefore counted. */
  failResting(importId: string, error: Failure): Promise<ImportDocument | null> {
    return this.change(importId, 'fail', { 'lease.owner': null }, { finishedAt: new Date(), error, grant: '' });
  }

  /** Asks the holder, or whoever takes over from a dead one, to end it for a reason. */
  async requestFail(importId: string, error: Failure): Promise<void> {
    await this.imports.updateOne(
      { _id: importId, state: { $in: transitionOf('fail').from }, failRequested: null },
      { $set: { failRequested: error, notBefore: new Date() } },
    );
  }

  /** Grants of imports that nobody holds now and that are not done. */
  resting(): Promise<Pick<ImportDocument, '_id' | 'dataset' | 'mode' | 'grant'>[]> {
    return this.imports
      .find({ state: { $in: transitionOf('fail').from }, 'lease.owner': null })
      .select('dataset mode grant')
      .lean<Pick<ImportDocument, '_id' | 'dataset' | 'mode' | 'grant'>[]>()
      .exec();
  }

  /** Ends uploads that nobody went on with; returns their ids. */
  async expire(touchedBefore: Date): Promise<string[]> {
    const idle = await this.imports
      .find({ state: { $in: transitionOf('expire').from }, touchedAt: { $lt: touchedBefore }, 'lease.owner': null })
      .select('_id')
      .limit(1000)
      .lean<{ _id: string }[]>()
      .exec();
    const expired = await Promise.all(
      idle.map(({ _id }) =>
        this.change(
          _id,
          'expire',
          { touchedAt: { $lt: touchedBefore }, 'lease.owner': null },
          { finishedAt: new Date() },
        ),
      ),
    );
    return expired.flatMap((document) => document?._id ?? []);
  }

  /** Completed imports whose event was not published yet. */
  unannounced(): Promise<ImportDocument[]> {
    return this.imports.find({ state: 'completed', announced: false }).limit(100).lean<ImportDocument[]>().exec();
  }

  async markAnnounced(importId: string): Promise<void> {
    await this.imports.updateOne({ _id: importId }, { $set: { announced: true } });
  }

  /** Which of these imports may still need their spool. */
  async unfinishedAmong(importIds: readonly string[]): Promise<Set<string>> {
    const found = await this.imports
      .find({ _id: { $in: importIds }, state: { $in: ['receiving', 'processing', 'paused'] } })
      .select('_id')
      .lean<{ _id: string }[]>()
      .exec();
    return new Set(found.map(({ _id }) => _id));
  }

  private change(
    importId: string,
    event: ImportEvent,
    condition: QueryFilter<ImportDocument>,
    changes: Partial<ImportDocument>,
    session?: ClientSession,
  ): Promise<ImportDocument | null> {
    const { from, to } = transitionOf(event);
    return this.imports
      .findOneAndUpdate(
        { ...condition, _id: importId, state: { $in: from } },
        { $set: { ...changes, state: to } },
        { returnDocument: 'after', ...(session && { session }) },
      )
      .lean<ImportDocument>()
      .exec();
  }
}
