import { setTimeout as delay } from 'node:timers/promises';
import { KeyportError, type DatasetIndex } from '@keyport/contracts';
import { isDuplicateKey, MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import mongoose, { type Connection, type Model } from 'mongoose';
import { mappingOf } from '../sources/place.ts';
import { change } from '../telling/dataset-events.ts';
import {
  indexError,
  indexKeyOf,
  isIndexName,
  storedIndexes,
  type IndexFailure,
  type StoredIndex,
} from './dataset-index.ts';
import { datasetModel, type DatasetDefinition } from './dataset.model.ts';
import { Sweeper } from './sweeper.ts';

/** Less than the contract's deadline: an index that takes longer is built on, and its state says so. */
const waitMs = 15_000;
/** MongoDB goes on with an index whose asker is gone; another process asks again, to learn how it ended. */
const sweepEveryMs = 10_000;

/** MongoDB manual, "Error Codes", of what records or options do not allow. Anything else may go away by itself. */
const refusals: ReadonlyMap<unknown, string> = new Map([
  [67, 'MongoDB cannot make it (CannotCreateIndex)'],
  [85, 'there is another one with other options'],
  [86, 'there is another one with the same name'],
  [171, 'a record has lists in two of the fields'],
  [16766, 'a field name is a number in a list'],
]);

/** Brings the indexes of a collection to what the definition says. */
@Injectable()
export class IndexBuilder implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(IndexBuilder.name);
  private readonly datasets: Model<DatasetDefinition>;
  /** Builds that this process waits for, by collection and index. */
  private readonly running = new Map<string, Promise<Failed | undefined>>();
  private readonly sweeper = new Sweeper(IndexBuilder.name, sweepEveryMs, () => this.sweep());

  constructor(@Inject(MONGO_CONNECTION) private readonly connection: Connection) {
    this.datasets = datasetModel(connection);
  }

  onApplicationBootstrap(): void {
    this.sweeper.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.sweeper.stop();
  }

  /**
   * False where the dataset changed meanwhile. Waits for a while for what must be built. Throws DATASET_INDEXES_FIXED, and
   * where records do not allow an index, INDEX_NOT_UNIQUE and INDEX_REFUSED: then all are as they were.
   */
  async bring(dataset: DatasetDefinition, wanted: readonly DatasetIndex[]): Promise<boolean> {
    if (mappingOf(dataset.collectionName)) throw new KeyportError('DATASET_INDEXES_FIXED', { dataset: dataset._id });
    const before = dataset.indexes ?? [];
    const next = storedIndexes(wanted, before);
    if (!(await this.replace(dataset, before, next))) return false;
    const builds = next.filter(({ state }) => state === 'building').map((index) => this.build(dataset, index));
    const failed = await firstFailure(builds, waitMs);
    if (failed) {
      await this.replace(dataset, next, before);
      await this.dropOthers(dataset);
      throw indexError(dataset._id, failed.index, failed.failure);
    }
    await this.dropOthers(dataset);
    return true;
  }

  /** Learns the end of builds whose process has ended. Several processes may do so at once. */
  private async sweep(): Promise<void> {
    const unbuilt = await this.datasets.find({ 'indexes.state': 'building' }).lean();
    for (const dataset of unbuilt) {
      const building = (dataset.indexes ?? []).filter(({ state }) => state === 'building');
      for (const index of building) this.build(dataset, index).catch((error: unknown) => this.logger.warn(error));
    }
  }

  private async replace(
    { _id, id, collectionName }: DatasetDefinition,
    from: readonly StoredIndex[],
    to: readonly StoredIndex[],
  ): Promise<boolean> {
    // States may have gone on; which indexes there are must not.
    const asRead = from.length > 0 ? { 'indexes.name': { $all: from.map(({ name }) => name) } } : {};
    const { matchedCount } = await this.datasets.updateOne(
      { _id, id, collectionName, ...asRead, ...(from.length > 0 ? { indexes: { $size: from.length } } : noIndexes) },
      { $set: { indexes: to, updatedAt: new Date() }, $push: { untold: change({ _id, id }, 'indexes') } },
    );
    return matchedCount > 0;
  }

  private build(dataset: DatasetDefinition, index: StoredIndex): Promise<Failed | undefined> {
    const place = `${dataset.collectionName} ${index.name}`;
    const build = this.running.get(place) ?? this.buildOne(dataset, index).finally(() => this.running.delete(place));
    this.running.set(place, build);
    return build;
  }

  private async buildOne(dataset: DatasetDefinition, index: StoredIndex): Promise<Failed | undefined> {
    const { _id, collectionName } = dataset;
    try {
      await this.collection(collectionName).createIndex(indexKeyOf(index), { name: index.name, unique: index.unique });
      await this.note(dataset, index, { state: 'ready' });
      return undefined;
    } catch (error) {
      const failure = failureOf(error);
      if (!failure) {
        this.logger.warn(error);
        return undefined;
      }
      this.logger.warn(`an index of ${_id} failed: ${failure.code}`);
      await this.note(dataset, index, { state: 'failed', failure });
      return { index, failure };
    }
  }

  private async note(
    { _id, collectionName }: DatasetDefinition,
    { name }: StoredIndex,
    outcome: Pick<StoredIndex, 'state' | 'failure'>,
  ): Promise<void> {
    const set = Object.fromEntries(Object.entries(outcome).map(([field, value]) => [`indexes.$.${field}`, value]));
    await this.datasets.updateOne({ _id, collectionName, 'indexes.name': name }, { $set: set });
  }

  /** Drops those that the definition does not name any more; a build that runs is ended with that. */
  private async dropOthers({ _id, id, collectionName }: DatasetDefinition): Promise<void> {
    const found = await this.datasets.findOne({ _id, id, collectionName }).lean();
    if (!found) return;
    const named = new Set((found.indexes ?? []).map(({ name }) => name));
    const there = (await this.collection(collectionName).listIndexes().toArray()) as { name: string }[];
    for (const { name } of there.filter((index) => isIndexName(index.name) && !named.has(index.name)))
      await this.collection(collectionName).dropIndex(name);
  }

  private collection(name: string) {
    if (!this.connection.db) throw new Error('the connection is not open');
    return this.connection.db.collection(name);
  }
}

interface Failed {
  readonly index: StoredIndex;
  readonly failure: IndexFailure;
}

const noIndexes = { 'indexes.0': { $exists: false } };

/** As soon as one has failed, or all are over, or time is. */
function firstFailure(builds: readonly Promise<Failed | undefined>[], withinMs: number): Promise<Failed | undefined> {
  const failing = builds.map(async (build) => (await build) ?? Promise.reject(new Error('built')));
  const anyFailed = Promise.any(failing).catch(() => undefined);
  return Promise.race([anyFailed, delay(withinMs, undefined, { ref: false })]);
}

function failureOf(error: unknown): IndexFailure | undefined {
  if (isDuplicateKey(error)) return { code: 'INDEX_NOT_UNIQUE' };
  if (!(error instanceof mongoose.mongo.MongoServerError)) return undefined;
  const reason = refusals.get(error.code);
  return reason === undefined ? undefined : { code: 'INDEX_REFUSED', reason };
}
