import { Injectable } from '@nestjs/common';
import type { DatasetDefinition } from '../datasets/dataset.model.ts';
import { projectionFor } from '../limits/projection.ts';
import { showsId, type ReadView } from '../limits/read-view.ts';
import { SelectedPages, type SelectedRequest } from '../selecting/selected-pages.service.ts';
import type { Selection } from '../selecting/selection.ts';
import { isLarge } from './large-record.ts';
import { nextAverage, pageOf, recordsToAskFor } from './page.ts';
import { ScanRepository } from './scan.repository.ts';
import type { ScannedPage } from './scanned-page.ts';
import { readingAt, Snapshots } from './snapshots.service.ts';

/** Where nothing is known yet. */
const assumedBytes = 512;

type Asked = Omit<SelectedRequest, 'averageBytes'>;

/** Reads one page of a dataset or of a selection of it. */
@Injectable()
export class PageReader {
  constructor(
    private readonly scans: ScanRepository,
    private readonly selected: SelectedPages,
    private readonly snapshots: Snapshots,
  ) {}

  /** Throws SNAPSHOT_GONE, and VALIDATION_FAILED where MongoDB refuses filter or order. */
  async read(asked: Asked, selection: Selection, dataset: DatasetDefinition): Promise<ScannedPage> {
    const known = (asked.order ?? asked.position)?.averageBytes;
    const averageBytes = known ?? ((await this.scans.averageBytes(asked.collectionName)) || assumedBytes);
    return this.whole({ ...asked, averageBytes }, selection, dataset);
  }

  /** A document that no message carries is read at a time, so that all its parts can be. */
  private async whole(asked: SelectedRequest, selection: Selection, dataset: DatasetDefinition): Promise<ScannedPage> {
    const { view, sort } = selection;
    const isPart = view.query !== undefined || view.parts !== undefined || sort !== undefined;
    const { at } = asked;
    const page = await readingAt(at, dataset._id, () =>
      isPart ? this.selected.page(asked, selection, dataset) : this.allOf(asked, view),
    );
    if (!isLarge(page.documents)) return page;
    return at
      ? { ...page, at }
      : this.whole({ ...asked, maxBytes: 1, at: await this.snapshots.newest(dataset) }, selection, dataset);
  }

  /** Every record of the stretch is shown, with the same fields. */
  private async allOf(asked: SelectedRequest, { fields }: ReadView): Promise<ScannedPage> {
    const { collectionName, position, averageBytes, maxBytes, at } = asked;
    const limit = recordsToAskFor(maxBytes, averageBytes, asked.limit);
    const projection = fields && projectionFor(fields);
    const batch = await this.scans.read({
      ...{ collectionName, projection, limit, at },
      ...(position && { after: position.after }),
    });
    const page = pageOf(batch, { maxBytes, limit: asked.limit, withId: showsId(fields) });
    const isLast = !page.isCut && batch.isWhole && page.count < limit;
    return {
      ...page,
      last: isLast ? undefined : page.last,
      lastShown: page.last,
      averageBytes: nextAverage(page, averageBytes),
    };
  }
}
