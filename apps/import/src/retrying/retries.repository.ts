import type { KnownRow } from '@keyport/codec';
import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection, Model } from 'mongoose';
import type { RowRange } from '../imports/chunk-outcome.ts';
import { importModel, type ImportDocument } from '../imports/import.model.ts';
import { rejectedRowModel, type StoredRejectedRow } from '../rejects/rejected-row.model.ts';
import type { Selection, StoredRetry, WholeRows } from './retry.ts';

export interface KeptRows extends WholeRows {
  /** Whole or not. */
  readonly kept: number;
}

const nothingKept: KeptRows = { kept: 0, allRows: 0, rows: 0, bytes: 0, lastRow: 0 };

const isWhole = { $eq: ['$rawComplete', true] };

/** Of rows that are kept whole and selected, in an aggregation; else 0. */
const ofSelected = ({ after, except }: Selection, value: unknown) => {
  const isIn = ({ first, last }: RowRange) => ({ $and: [{ $gte: ['$row', first] }, { $lte: ['$row', last] }] });
  const isSelected = { $and: [{ $gt: ['$row', after] }, { $not: { $or: except.map(isIn) } }] };
  return { $cond: [{ $and: [isWhole, isSelected] }, value, 0] };
};

/** Which import retries another, and the rows that it asks again. */
@Injectable()
export class RetriesRepository {
  private readonly imports: Model<ImportDocument>;
  private readonly rows: Model<StoredRejectedRow>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.imports = importModel(connection);
    this.rows = rejectedRowModel(connection);
  }

  findNewestOf(importId: string): Promise<ImportDocument | null> {
    return this.imports
      .findOne({ 'retry.of': importId })
      .sort({ 'retry.generation': -1 })
      .lean<ImportDocument>()
      .exec();
  }

  async countKept(importId: string, selection: Selection): Promise<KeptRows> {
    const [found] = await this.rows
      .aggregate<KeptRows>([
        { $match: { importId } },
        {
          $group: {
            _id: null,
            kept: { $sum: 1 },
            allRows: { $sum: { $cond: [isWhole, 1, 0] } },
            rows: { $sum: ofSelected(selection, 1) },
            bytes: { $sum: ofSelected(selection, { $strLenBytes: '$raw' }) },
            lastRow: { $max: ofSelected(selection, '$row') },
          },
        },
      ])
      .exec();
    return found ?? nothingKept;
  }

  /** In the order of the file, from the one after `afterRow`. */
  async wholeRows({ of, lastRow, except }: StoredRetry, afterRow: number, limit: number): Promise<KnownRow[]> {
    const isIn = except.map(({ first, last }) => ({ row: { $gte: first, $lte: last } }));
    const found = await this.rows
      .find({
        ...{ importId: of, row: { $gt: afterRow, $lte: lastRow }, rawComplete: true },
        ...(isIn.length > 0 && { $nor: isIn }),
      })
      .sort({ row: 1 })
      .limit(limit)
      .select('-_id row line byteOffset raw')
      .lean<Pick<StoredRejectedRow, 'row' | 'line' | 'byteOffset' | 'raw'>[]>()
      .exec();
    return found.map(({ raw, ...place }) => ({ ...place, text: Buffer.from(raw) }));
  }
}
