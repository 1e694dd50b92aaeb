import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { ClientSession, Connection, Model } from 'mongoose';
import { retiredCollectionModel, type RetiredCollection } from './retired-collection.model.ts';
import { Sweeper } from './sweeper.ts';

/**
 * Milliseconds after which no transaction that still saw the collection in use can be open (`transactionLifetimeLimit-
 * Seconds` is 60 by default). One that ended after the drop has made the collection anew: it is dropped once more.
 */
const lastUseMs = 120_000;
const sweepEveryMs = 60_000;

/** Collections to drop: noted together with what makes them useless, so that no end of a process forgets one. */
@Injectable()
export class RetiredCollections {
  readonly sweeper = new Sweeper(RetiredCollections.name, sweepEveryMs, () => this.sweep());
  private readonly model: Model<RetiredCollection>;

  constructor(@Inject(MONGO_CONNECTION) private readonly connection: Connection) {
    this.model = retiredCollectionModel(connection);
  }

  async add(collectionName: string, session?: ClientSession): Promise<void> {
    await this.model.create([{ _id: collectionName, retiredAt: new Date() }], { ...(session && { session }) });
  }

  /** Takes the note back, for a collection that comes into use. False where it has been dropped meanwhile. */
  async takeBack(collectionName: string, session: ClientSession): Promise<boolean> {
    const { deletedCount } = await this.model.deleteOne({ _id: collectionName }, { session });
    return deletedCount === 1;
  }

  /** Frees the space at once; the note stays until nobody can write to the collection any more. */
  async drop(collectionName: string): Promise<void> {
    await this.connection.dropCollection(collectionName);
  }

  /** Drops what has been retired for long enough. Several processes may do so at once. */
  async sweep(now = Date.now()): Promise<void> {
    const due = await this.model.find({ retiredAt: { $lt: new Date(now - lastUseMs) } }).lean();
    for (const { _id } of due) {
      await this.drop(_id);
      await this.model.deleteOne({ _id });
    }
  }
}
