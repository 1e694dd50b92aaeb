import type { RejectedRow } from '@keyport/contracts';
import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection, Model } from 'mongoose';
import { rejectedRowModel, type StoredRejectedRow } from './rejected-row.model.ts';

@Injectable()
export class RejectedRowsRepository {
  private readonly rows: Model<StoredRejectedRow>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.rows = rejectedRowModel(connection);
  }

  /** In file order, from the row after `afterRow`. */
  list(importId: string, afterRow: number, limit: number): Promise<RejectedRow[]> {
    return this.rows
      .find({ importId, row: { $gt: afterRow } })
      .sort({ row: 1 })
      .limit(limit)
      .select('-_id -importId')
      .lean<RejectedRow[]>()
      .exec();
  }
}
