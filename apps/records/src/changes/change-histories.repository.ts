import { randomBytes } from 'node:crypto';
import { inTransaction, MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Timestamp } from 'bson';
import type { ClientSession, Connection, mongo } from 'mongoose';
import { datasetModel, type DatasetDefinition } from '../datasets/dataset.model.ts';
import { RetiredCollections } from '../datasets/retired-collections.repository.ts';
import { change } from '../telling/dataset-events.ts';
import { changesNameOf, type ChangeHistory } from './change-history.ts';

/** A dataset whose changes are kept. */
export type TrackedDataset = Pick<DatasetDefinition, '_id' | 'id' | 'collectionName'> & {
  readonly history: ChangeHistory;
};

const tracked = { 'history.id': { $exists: true } };
const projection = { id: 1, collectionName: 1, history: 1 };

/** The histories of datasets. Each has a collection of its own, which is dropped as a whole when it ends. */
@Injectable()
export class ChangeHistories {
  private readonly datasets: mongo.Collection;

  constructor(
    @Inject(MONGO_CONNECTION) private readonly connection: Connection,
    private readonly retired: RetiredCollections,
  ) {
    this.datasets = datasetModel(connection).collection;
  }

  async all(): Promise<TrackedDataset[]> {
    return (await this.datasets.find(tracked, { projection }).toArray()) as unknown as TrackedDataset[];
  }

  async of({ _id, id }: Pick<DatasetDefinition, '_id' | 'id'>): Promise<ChangeHistory | undefined> {
    const found = await this.datasets.findOne({ _id: _id as never, id, ...tracked }, { projection });
    return (found as unknown as TrackedDataset | null)?.history;
  }

  /** Begins to keep what changes, with what the tail finds from now on. */
  async start({ _id, id, collectionName }: DatasetDefinition): Promise<void> {
    await this.withNew(undefined, async (history, session) => {
      const { modifiedCount } = await this.datasets.updateOne(
        { _id: _id as never, id, collectionName, 'history.id': { $exists: false } },
        { $set: { history, updatedAt: new Date() }, $push: { untold: change({ _id, id }, 'trackChanges') } as object },
        { session },
      );
      return modifiedCount === 1;
    });
  }

  /** Keeps nothing any more, and forgets what was kept. */
  async end({ _id, id }: DatasetDefinition): Promise<void> {
    const ended = await inTransaction(this.connection, async (session) => {
      const update = {
        $set: { history: null, updatedAt: new Date() },
        $push: { untold: change({ _id, id }, 'trackChanges') } as object,
      };
      const before = await this.datasets.findOneAndUpdate({ _id: _id as never, id, ...tracked }, update, { session });
      const history = (before as unknown as TrackedDataset | null)?.history;
      if (history) await this.retired.add(changesNameOf(history.id), session);
      return history;
    });
    if (ended) await this.drop(ended);
  }

  /** What the tail finds from this time on belongs to the history, unless it has begun already. */
  async begin({ _id, history }: TrackedDataset, from: Timestamp, session: ClientSession): Promise<void> {
    await this.datasets.updateOne(
      { _id: _id as never, 'history.id': history.id, 'history.from': null },
      { $set: { 'history.from': from } },
      { session },
    );
  }

  /** Another history takes its place, since this one has a gap; `isAllowed` is asked within the transaction. */
  async renew(
    { _id, history: old }: TrackedDataset,
    from: Timestamp,
    isAllowed: (session: ClientSession) => Promise<void>,
  ): Promise<void> {
    await this.withNew(old, async (history, session) => {
      await isAllowed(session);
      const { modifiedCount } = await this.datasets.updateOne(
        { _id: _id as never, 'history.id': old.id },
        { $set: { history: { ...history, from } } },
        { session },
      );
      return modifiedCount === 1;
    });
  }

  /** Who asks for changes up to this number is refused from now on. */
  async forget({ _id, history }: TrackedDataset, keptAfter: number): Promise<void> {
    await this.datasets.updateOne(
      { _id: _id as never, 'history.id': history.id },
      { $max: { 'history.keptAfter': keptAfter } },
    );
  }

  changesOf({ id }: Pick<ChangeHistory, 'id'>): mongo.Collection {
    if (!this.connection.db) throw new Error('the connection is not open');
    return this.connection.db.collection(changesNameOf(id));
  }

  /** A history to come: its collection is there, and noted as retired until a definition uses it. */
  async prepare(): Promise<ChangeHistory> {
    const history: ChangeHistory = { id: randomBytes(12).toString('hex'), from: null, keptAfter: 0 };
    const name = changesNameOf(history.id);
    await this.retired.add(name);
    await this.connection.createCollection(name);
    await this.changesOf(history).createIndex({ seq: 1 });
    return history;
  }

  /** One takes the place of another, or of none, in the transaction of the definition that says so. */
  async replace(old: ChangeHistory | null | undefined, history: ChangeHistory, session: ClientSession): Promise<void> {
    const name = changesNameOf(history.id);
    if (!(await this.retired.takeBack(name, session))) throw new Error(`${name} was dropped`);
    if (old) await this.retired.add(changesNameOf(old.id), session);
  }

  /** Frees the space of one that no definition uses. */
  async drop({ id }: Pick<ChangeHistory, 'id'>): Promise<void> {
    await this.retired.drop(changesNameOf(id));
  }

  /** Makes a history and the change of the definition that uses it; where it does not come to that, the history goes. */
  private async withNew(
    old: ChangeHistory | undefined,
    use: (history: ChangeHistory, session: ClientSession) => Promise<boolean>,
  ): Promise<void> {
    const history = await this.prepare();
    const isUsed = await inTransaction(this.connection, async (session) => {
      const used = await use(history, session);
      if (used) await this.replace(old, history, session);
      return used;
    });
    const useless = isUsed ? old : history;
    if (useless) await this.drop(useless);
  }
}
