import type { RawBatch } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import { recordsToAskFor } from '../scanning/page.ts';
import type { IncrementPosition } from './change-cursor.ts';
import { ChangedRecords } from './changed-records.repository.ts';
import { incrementPageOf, type Changed } from './increment-page.ts';

export interface IncrementRequest {
  readonly fields: readonly string[] | undefined;
  readonly maxBytes: number;
}

/** A page is made of so many changes at most; more `_id`s would make a query of many megabytes. */
const maxChanges = 5_000;
/** Records whose size was guessed wrong do not fit into one answer: fewer are asked for then. */
const fewer = 4;

/** Reads increments page by page. */
@Injectable()
export class Increments {
  constructor(private readonly changes: ChangedRecords) {}

  async page(collectionName: string, at: IncrementPosition, { fields, maxBytes }: IncrementRequest) {
    const { history, seq, upTo, averageBytes } = at;
    const limit = recordsToAskFor(maxBytes, averageBytes, maxChanges);
    const changed = await this.changes.changed(history, seq, upTo, limit);
    const found = await this.present(collectionName, changed, at, fields);
    const page = incrementPageOf(found.changed, found.records, maxBytes);
    const { documents, count, lastSeq } = page;
    const isLast = lastSeq === undefined || (count === changed.length && changed.length < limit);
    const next = isLast ? undefined : { ...at, seq: lastSeq, averageBytes: Math.max(1, documents.length / count) };
    return { documents, count, next };
  }

  /** The records of as many changes, from the first on, as one answer of the server holds. */
  private async present(
    collectionName: string,
    changed: readonly Changed[],
    { time }: IncrementPosition,
    fields: readonly string[] | undefined,
  ): Promise<{ changed: readonly Changed[]; records: RawBatch }> {
    for (let count = changed.length; ; count = Math.ceil(count / fewer)) {
      const some = changed.slice(0, count);
      const records = await this.changes.present(collectionName, some, time, fields);
      if (records.isWhole || count <= 1) return { changed: some, records };
    }
  }
}
