import type { RejectedRow } from '@keyport/contracts';
import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { ClientSession, Connection, Model } from 'mongoose';
import { IMPORT_CONFIG, type ImportConfig } from '../config.ts';
import type { ChunkOutcome } from '../imports/chunk-outcome.ts';
import { keepDetails, type Kept } from './reject-details.ts';
import { addGroups, noRejects } from './reject-groups.ts';
import { rejectTotalsModel, type StoredRejectTotals } from './reject-totals.model.ts';
import { rejectedRowModel, type StoredRejectedRow } from './rejected-row.model.ts';

/**
 * Details that one transaction stores: mongod ends one that takes 10 s (`transactionLifetimeLimitSeconds`), which begins
 * anew then, and imports side by side that are full of faults would not get ahead any more.
 */
export const detailsAtOnce = 2_000;

/** A page travels as one message, of 8 MB at most (`max_payload`). */
const maxPageBytes = 2 * 1024 * 1024;

export interface RejectedPage {
  readonly rows: RejectedRow[];
  /** As many of the rows are the page; one more was found where there are more. */
  readonly length: number;
}

@Injectable()
export class RejectedRowsRepository {
  private readonly rows: Model<StoredRejectedRow>;
  private readonly totals: Model<StoredRejectTotals>;
  private readonly room: Kept;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection, @Inject(IMPORT_CONFIG) config: ImportConfig) {
    this.rows = rejectedRowModel(connection);
    this.totals = rejectTotalsModel(connection);
    this.room = { rows: config.KEYPORT_REJECTS_KEPT, bytes: config.KEYPORT_REJECTS_BYTES };
  }

  /**
   * In the transaction that counts the chunks: totals of all their rejected rows, and the details of those that there is
   * room for. Gives back those details that are too many for one transaction.
   */
  async count(session: ClientSession, importId: string, outcomes: readonly ChunkOutcome[]): Promise<RejectedRow[]> {
    const rejected = outcomes.flatMap((outcome) => outcome.rejected);
    if (rejected.length === 0) return [];
    const before = (await this.find(importId, session)) ?? { ...noRejects, kept: { rows: 0, bytes: 0 } };
    const { details, kept } = keepDetails(rejected, before.kept, this.room);
    const groups = outcomes.flatMap((outcome) => outcome.groups);
    const totals = { ...addGroups(before, groups), kept };
    await this.totals.collection.replaceOne({ _id: importId } as object, totals, { upsert: true, session });
    const rest = details.splice(detailsAtOnce);
    await this.add(importId, details, session);
    return rest;
  }

  /** Details whose rows are counted. */
  async addRest(importId: string, details: readonly RejectedRow[]): Promise<void> {
    for (let start = 0; start < details.length; start += detailsAtOnce) {
      await this.add(importId, details.slice(start, start + detailsAtOnce));
    }
  }

  find(importId: string, session?: ClientSession): Promise<StoredRejectTotals | null> {
    return this.totals
      .findById(importId)
      .session(session ?? null)
      .lean<StoredRejectTotals>()
      .exec();
  }

  /** In file order, from the row after `afterRow`, as many as a message carries. */
  async page(importId: string, afterRow: number, limit: number): Promise<RejectedPage> {
    const found = this.rows
      .find({ importId, row: { $gt: afterRow } })
      .sort({ row: 1 })
      .limit(limit + 1)
      .select('-_id -importId')
      .lean<RejectedRow>()
      .cursor({ batchSize: 200 });
    const rows: RejectedRow[] = [];
    let bytes = 0;
    for await (const row of found) {
      rows.push(row);
      if (rows.length > limit || bytes >= maxPageBytes) return { rows, length: rows.length - 1 };
      bytes += Buffer.byteLength(JSON.stringify(row));
    }
    return { rows, length: rows.length };
  }

  private async add(importId: string, details: readonly RejectedRow[], session?: ClientSession): Promise<void> {
    if (details.length === 0) return;
    const rows = details.map((row) => ({ importId, ...row }));
    await this.rows.collection.insertMany(rows, { ...(session && { session }) });
  }
}
