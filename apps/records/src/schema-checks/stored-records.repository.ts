import { findBatches, type RawBatch } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import { Places } from '../sources/places.service.ts';

/** Records a batch: what is checked at a stretch holds up the process for some milliseconds. */
const batchSize = 500;

@Injectable()
export class StoredRecords {
  constructor(private readonly places: Places) {}

  /** All records of a collection as they are when they are read, in `_id` order. */
  async *all(collectionName: string): AsyncGenerator<RawBatch> {
    const { db, name } = await this.places.at(collectionName);
    const command = { find: name, sort: { _id: 1 }, hint: { _id: 1 }, batchSize };
    yield* findBatches(db, command);
  }
}
