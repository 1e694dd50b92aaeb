import type { ImportCounts, ImportState } from '@keyport/contracts';
import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { ClientSession, Connection, Model, QueryFilter } from 'mongoose';
import { importModel, type Failure, type ImportDocument, type Reserved } from './import.model.ts';
import { openStates, transitionOf, type Transition } from './import-state.ts';
import { changeState } from './state-change.ts';

/** What an accepted import is made of; the rest starts the same for all. */
export type NewImport = Pick<ImportDocument, Given> & Partial<Pick<ImportDocument, PerhapsGiven>>;

type Given =
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
  | 'seat'
  | 'ownSeat';

type PerhapsGiven =
  | 'dryRun'
  | 'resumable'
  | 'uploadMetadata'
  | 'uploadLength'
  | 'expectedLength'
  | 'verifiedFirst'
  | 'idempotencyKey'
  | 'requestDigest'
  | 'state'
  | 'sealedLength'
  | 'received'
  | 'position'
  | 'retry';

export type Resting = Pick<ImportDocument, '_id' | 'dataset' | 'datasetId' | 'grant'>;

export interface SealedFile {
  readonly length: number;
  /** SHA-256, hex, where the same file may be sent again. */
  readonly digest?: string | undefined;
}

export interface ImportPage {
  readonly visible: QueryFilter<ImportDocument>;
  readonly dataset: string | undefined;
  readonly states: readonly ImportState[] | undefined;
  readonly createdAfter: Date | undefined;
  readonly createdBefore: Date | undefined;
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

/** What is sealed was taken in: it stays until somebody goes on with it, or ends it. */
const expirable = {
  state: { $in: [...transitionOf('expire').from] },
  sealedLength: null,
  'lease.owner': null,
};

/** In an update as a pipeline. */
const nextSequence = { $add: [{ $ifNull: ['$sequence', 0] }, 1] };

/** The state that follows, in an update as a pipeline. */
const targetOf = (moves: readonly Transition[]) => ({
  $switch: { branches: moves.map(({ from, to }) => ({ case: { $in: ['$state', from] }, then: to })) },
});

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
      ...{ state: 'receiving', ...accepted },
      sequence: 1,
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
  list({ visible, dataset, states, createdAfter, createdBefore, after, limit }: ImportPage): Promise<ImportDocument[]> {
    const filter: QueryFilter<ImportDocument> = {
      ...(dataset !== undefined && { dataset }),
      ...(states !== undefined && { state: { $in: [...states] } }),
      ...((createdAfter || createdBefore) && {
        createdAt: { ...(createdAfter && { $gte: createdAfter }), ...(createdBefore && { $lt: createdBefore }) },
      }),
      ...(after !== undefined && { _id: { $lt: after } }),
    };
    return this.imports
      .find({ $and: [visible, filter] })
      .sort({ _id: -1 })
      .limit(limit)
      .lean<ImportDocument[]>()
      .exec();
  }

  /** The upload is whole, and may be read in any case; null where it was not waiting for that. */
  seal(importId: string, epoch: number, file: SealedFile, session?: ClientSession): Promise<ImportDocument | null> {
    const now = new Date();
    const { length, digest } = file;
    const sealed = {
      ...{ sealedLength: length, received: length, touchedAt: now, notBefore: now, verifiedFirst: false },
      ...(digest !== undefined && { file: { length, digest } }),
    };
    // One update, so that a pause or a resume at the same moment is neither lost nor overwritten.
    const moves = [transitionOf('seal'), transitionOf('sealPaused')];
    return this.imports
      .findOneAndUpdate(
        { _id: importId, epoch, state: { $in: [...openStates] }, sealedLength: null },
        [{ $set: { ...sealed, sequence: nextSequence, state: targetOf(moves) } }],
        { returnDocument: 'after', updatePipeline: true, ...(session && { session }) },
      )
      .lean<ImportDocument>()
      .exec();
  }

  /** Ends an import that nobody holds, whose every written chunk is therefore counted. */
  cancelResting(importId: string): Promise<ImportDocument | null> {
    return changeState(this.imports, importId, {
      ...{ event: 'cancel', condition: { 'lease.owner': null } },
      changes: { finishedAt: new Date() },
    });
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
    return changeState(this.imports, importId, {
      ...{ event: 'fail', condition: { 'lease.owner': null } },
      changes: { finishedAt: new Date(), error, grant: '' },
    });
  }

  /** Asks the holder, or whoever takes over from a dead one, to end it for a reason. */
  async requestFail(importId: string, error: Failure): Promise<void> {
    await this.imports.updateOne(
      { _id: importId, state: { $in: transitionOf('fail').from }, failRequested: null },
      { $set: { failRequested: error, notBefore: new Date() } },
    );
  }

  /** Grants of imports that nobody holds now and that are not done. */
  resting(): Promise<Resting[]> {
    return this.imports
      .find({ state: { $in: transitionOf('fail').from }, 'lease.owner': null })
      .select('dataset datasetId grant')
      .lean<Resting[]>()
      .exec();
  }

  /** Ends uploads that nobody went on with; returns their ids. */
  async expire(touchedBefore: Date): Promise<string[]> {
    const condition = { ...expirable, touchedAt: { $lt: touchedBefore } };
    const idle = await this.imports.find(condition).select('_id').limit(1000).lean<{ _id: string }[]>().exec();
    const expired = await Promise.all(
      idle.map(({ _id }) =>
        changeState(this.imports, _id, { event: 'expire', condition, changes: { finishedAt: new Date() } }),
      ),
    );
    return expired.flatMap((document) => document?._id ?? []);
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
}
