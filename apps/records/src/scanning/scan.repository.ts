import { findFirstBatch, MONGO_CONNECTION, type RawBatch } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection, mongo } from 'mongoose';
import type { ScanPosition } from './scan-cursor.ts';

export interface Stretch {
  readonly collectionName: string;
  readonly position: ScanPosition | undefined;
  readonly projection: Record<string, 1> | undefined;
  readonly limit: number;
}

@Injectable()
export class ScanRepository {
  private readonly db: mongo.Db;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    if (!connection.db) throw new Error('the connection is not open');
    this.db = connection.db;
  }

  read(stretch: Stretch): Promise<RawBatch> {
    return findFirstBatch(this.db, findCommand(stretch));
  }

  /** Average bytes of a stored record; 0 where there are none. */
  async averageBytes(collectionName: string): Promise<number> {
    const { avgObjSize } = await this.db.command({ collStats: collectionName });
    return Number(avgObjSize ?? 0);
  }
}

/**
 * Keyset on `_id`. `$expr`, since a bare `$gt` ends where the BSON type of the last `_id` ends and loses the rest of a
 * collection of mixed types; a range of `min` would lose records when the last one was deleted.
 */
export function findCommand({ collectionName, position, projection, limit }: Stretch) {
  return {
    find: collectionName,
    filter: position ? { $expr: { $gt: ['$_id', { $literal: position.after }] } } : {},
    ...(projection && { projection }),
    sort: { _id: 1 },
    hint: { _id: 1 },
    limit,
    batchSize: limit,
    readConcern: { level: 'majority' },
  };
}
