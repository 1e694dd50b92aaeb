import { Injectable } from '@nestjs/common';
import type { DatasetDefinition } from '../datasets/dataset.model.ts';
import { showsId, type ReadView } from '../limits/read-view.ts';
import { CursorSeal } from '../scanning/cursor-seal.ts';
import { sinceBytes, sinceOf, type SinceCursor } from './change-cursor.ts';
import { ChangedRecords } from './changed-records.repository.ts';
import { ChangeProgress } from './change-progress.service.ts';

/**
 * A reader of the whole waits so long for changes to be taken up. Later ones are then given again by its first increment;
 * right after tracking began there may be no cursor yet.
 */
const firstCursorMs = 2_000;

/** Cursors as clients have them: nobody can make one, or see how many changes there were. */
@Injectable()
export class SinceCursors {
  constructor(
    private readonly seal: CursorSeal,
    private readonly progress: ChangeProgress,
    private readonly records: ChangedRecords,
  ) {}

  async textOf(cursor: SinceCursor): Promise<string> {
    return Buffer.from(await this.seal.seal(sinceBytes(cursor))).toString('base64url');
  }

  /** Throws CURSOR_INVALID. */
  async read(text: string): Promise<SinceCursor> {
    return sinceOf(await this.seal.open(Buffer.from(text, 'base64url')));
  }

  /**
   * For who is about to read the whole dataset: what changes since is what the read may have missed. Undefined where
   * changes are not kept, or may not be asked for.
   */
  async before(dataset: DatasetDefinition, view: ReadView): Promise<string | undefined> {
    if (!dataset.history || !showsChanges(view)) return undefined;
    const kept = await this.progress.soon(dataset, firstCursorMs);
    if (!kept) return undefined;
    await this.records.settle(dataset.collectionName, kept.before);
    return this.textOf({ history: kept.history.id, seq: kept.seq });
  }
}

/**
 * Whether changes can be told without telling of rows that are hidden: a deleted one cannot be matched any more, and
 * without its `_id` no change says anything.
 */
export const showsChanges = ({ query, parts, fields }: ReadView): boolean =>
  query === undefined && parts === undefined && showsId(fields);
