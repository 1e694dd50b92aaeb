import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Caller } from '@keyport/access';
import { KeyportError, type readLargeRecord, type RequestOf } from '@keyport/contracts';
import { Slots } from '@keyport/service';
import { Injectable } from '@nestjs/common';
import { DatasetService } from '../datasets/dataset.service.ts';
import { readViewOf, type ReadView } from '../limits/read-view.ts';
import { RecordRepository } from '../records/record.repository.ts';
import { CursorSeal } from './cursor-seal.ts';
import { digestOf, largeRecordOf, partsOf, type LargeRecord, type Part } from './large-record.ts';
import { readAction } from './read-action.ts';
import { isSnapshotGone } from './snapshot-failure.ts';
import { readingAt } from './snapshots.service.ts';

/** Each takes 16 MB from the server, and as much again on its way to the bus. */
const concurrency = 2;

/** Gives documents that no message carries in parts, all from one read. */
@Injectable()
export class LargeRecords {
  private readonly slots = new Slots(concurrency);

  constructor(
    private readonly datasets: DatasetService,
    private readonly records: RecordRepository,
    private readonly seal: CursorSeal,
  ) {}

  async *read(request: RequestOf<typeof readLargeRecord>, caller: Caller): AsyncGenerator<Part> {
    const { dataset, fields, large } = request;
    const view = readViewOf(caller.limitsOn(readAction(dataset, caller), dataset), fields);
    const { collectionName } = await this.datasets.existing(dataset);
    const record = largeRecordOf(await this.seal.open(large), collectionName);
    const free = await this.slots.take();
    try {
      for (const part of partsOf(await this.find(dataset, collectionName, record, view))) {
        yield part;
        // So that the part before is on its way, not in memory, when this one is encoded.
        await nextTurn();
      }
    } finally {
      free();
    }
  }

  /**
   * As it was when its page was read. Where the server keeps that no longer, it may still be the same: a file that went on
   * after a long time then is whole all the same. Throws SNAPSHOT_GONE.
   */
  private async find(dataset: string, collectionName: string, record: LargeRecord, view: ReadView): Promise<Buffer> {
    const { id, at, digest } = record;
    try {
      const found = await readingAt(at, dataset, () => this.records.find(collectionName, id, view, at));
      if (found) return found;
    } catch (error) {
      if (!isSnapshotGone(error)) throw error;
      const found = await this.records.find(collectionName, id, view);
      if (found && digestOf(found).equals(digest)) return found;
      throw error;
    }
    // The caller does not see it: the page was another's.
    throw new KeyportError('CURSOR_INVALID');
  }
}
