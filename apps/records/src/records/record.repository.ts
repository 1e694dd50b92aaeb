import { findFirstBatch, MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection, mongo } from 'mongoose';

@Injectable()
export class RecordRepository {
  private readonly db: mongo.Db;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    if (!connection.db) throw new Error('the connection is not open');
    this.db = connection.db;
  }

  /** The bytes of a record. */
  async find(collectionName: string, id: unknown): Promise<Buffer | undefined> {
    const filter = { _id: { $eq: id } };
    const { bytes, starts } = await findFirstBatch(this.db, { find: collectionName, filter, limit: 1, ...majority });
    const [start] = starts;
    return start === undefined ? undefined : bytes.subarray(start, start + bytes.readInt32LE(start));
  }

  async delete(collectionName: string, id: unknown): Promise<boolean> {
    const { deletedCount } = await this.db.collection(collectionName).deleteOne({ _id: { $eq: id as never } });
    return deletedCount === 1;
  }
}

const majority = { readConcern: { level: 'majority' } };
