import { firstElement } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import type { DatasetDefinition } from '../datasets/dataset.model.ts';
import { CursorSeal } from '../scanning/cursor-seal.ts';
import { isLarge, largeRecordBytes } from '../scanning/large-record.ts';
import { Snapshots } from '../scanning/snapshots.service.ts';
import { incrementBytes, incrementOf, type IncrementPosition } from './change-cursor.ts';
import type { IncrementPage } from './increment-page.ts';

/** Between pages of an increment and what travels of them: positions sealed, a document that no message carries by name. */
@Injectable()
export class IncrementReply {
  constructor(
    private readonly seal: CursorSeal,
    private readonly snapshots: Snapshots,
  ) {}

  /** Throws CURSOR_INVALID. */
  async read(next: Uint8Array): Promise<IncrementPosition> {
    return incrementOf(await this.seal.open(next));
  }

  async nextOf(position: IncrementPosition | undefined) {
    return position && { next: await this.seal.seal(incrementBytes(position)) };
  }

  /** The named document is that of a moment behind the page: as it is now, where it changed again. */
  async shownOf({ documents, count }: Pick<IncrementPage, 'documents' | 'count'>, dataset: DatasetDefinition) {
    const id = isLarge(documents) ? firstElement(documents) : undefined;
    if (!id) return { documents, count };
    const at = await this.snapshots.newest(dataset);
    const name = largeRecordBytes(id, dataset.collectionName, at, documents);
    return { documents: new Uint8Array(), count: 0, large: await this.seal.seal(name) };
  }
}
