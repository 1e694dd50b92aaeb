import type { KnownRow } from '@keyport/codec';
import { Injectable } from '@nestjs/common';
import { RetriesRepository } from './retries.repository.ts';
import type { StoredRetry } from './retry.ts';

/** Of up to 16 KiB of text each: as much in memory as a few pieces of an upload. */
const rowsAtOnce = 128;

/** Reads what an import rejected, for the one that asks it again. */
@Injectable()
export class RejectedRowsReader {
  constructor(private readonly retries: RetriesRepository) {}

  /** From the row after `afterRow` on. No cursor is held meanwhile: an import may wait for its turn for long. */
  async *read(retry: StoredRetry, afterRow: number, signal: AbortSignal): AsyncGenerator<readonly KnownRow[]> {
    for (let after = afterRow; ;) {
      signal.throwIfAborted();
      const rows = await this.retries.wholeRows(retry, after, rowsAtOnce);
      const last = rows.at(-1);
      if (!last) return;
      yield rows;
      after = last.row;
    }
  }
}
