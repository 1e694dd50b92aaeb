import { createHash } from 'node:crypto';
import type { RequestOf, writeRecords } from '@keyport/contracts';
import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection, Model } from 'mongoose';
import { DatasetRepository, keyIndex } from '../datasets/dataset.repository.ts';
import { Sweeper } from '../datasets/sweeper.ts';
import { overlayName } from '../sources/place.ts';
import { isAway, Places } from '../sources/places.service.ts';
import { dryRunModel, type DryRun } from './dry-run.model.ts';

/** Longer than an upload may rest before it expires (24 h by default), after which no more chunks come. */
const keepMs = 48 * 3600_000;
const sweepEveryMs = 10 * 60_000;

/**
 * Collections that stand in for datasets while an import only tries: each holds the records that the chunks of one dry
 * run would have written, so that later chunks meet them. Gone once the run is over, else two days after its last chunk.
 */
@Injectable()
export class DryRuns {
  readonly sweeper = new Sweeper(DryRuns.name, sweepEveryMs, () => this.sweep());
  private readonly model: Model<DryRun>;

  constructor(
    @Inject(MONGO_CONNECTION) private readonly connection: Connection,
    private readonly datasets: DatasetRepository,
    private readonly places: Places,
  ) {
    this.model = dryRunModel(connection);
  }

  /** The collection of a dry run, with the key's index; undefined where there is no dataset. */
  async open({ dataset, source }: RequestOf<typeof writeRecords>): Promise<string | undefined> {
    const definition = await this.datasets.find(dataset);
    if (!definition) return undefined;
    // A dataset that gets another key gets another collection too.
    const name = overlayName(digestOf(`${source} ${definition.collectionName}`), definition.collectionName);
    await this.model.updateOne({ _id: name }, { $set: { source, usedAt: new Date() } }, { upsert: true });
    // Not unique: a record that was deleted is its `_id` alone. It makes the collection, and does nothing where it is there.
    const { db } = await this.places.at(name);
    await db.collection(name).createIndex(keyIndex(definition.key ?? ['_id']));
    return name;
  }

  async forget(source: string): Promise<void> {
    for (const { _id } of await this.model.find({ source }).lean()) await this.drop(_id);
  }

  /** Drops what no chunk came for, and here what a chunk that came too late has made anew. */
  async sweep(now = Date.now()): Promise<void> {
    const due = await this.model.find({ usedAt: { $lt: new Date(now - keepMs) } }).lean();
    for (const { _id } of due) {
      // On a source that is away it waits, and keeps no other waiting.
      await this.drop(_id).catch((error: unknown) => {
        if (!isAway(error)) throw error;
      });
    }
    const found = (await this.connection.db?.listCollections({ name: /^dry_/ }, { nameOnly: true }).toArray()) ?? [];
    for (const { name } of found) {
      if (!(await this.model.exists({ _id: name }))) await this.connection.dropCollection(name);
    }
  }

  private async drop(name: string): Promise<void> {
    const { db } = await this.places.at(name);
    await db.dropCollection(name);
    await this.model.deleteOne({ _id: name });
  }
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 24);
