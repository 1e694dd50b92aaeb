import type { Caller } from '@keyport/access';
import { KeyportError, scanRecords, type ReplyOf, type RequestOf } from '@keyport/contracts';
import type { RawElement } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import type { Timestamp } from 'bson';
import type { DatasetDefinition } from '../datasets/dataset.model.ts';
import { DatasetService } from '../datasets/dataset.service.ts';
import { projectionFor } from '../limits/projection.ts';
import { showsId, type ReadView } from '../limits/read-view.ts';
import { startOf, SelectedPages, type SelectedRequest, type Start } from '../selecting/selected-pages.service.ts';
import { selectionOf, type Selection } from '../selecting/selection.ts';
import { CursorSeal } from './cursor-seal.ts';
import { isLarge, largeRecordBytes } from './large-record.ts';
import { nextAverage, pageOf, recordsToAskFor } from './page.ts';
import { readAction } from './read-action.ts';
import { positionBytes, type ScanPosition } from './scan-cursor.ts';
import { ScanRepository } from './scan.repository.ts';
import { readingAt, Snapshots } from './snapshots.service.ts';

type ScanRequest = RequestOf<typeof scanRecords>;

/** What a page asks for, and where it begins. */
export interface PageRequest extends Pick<ScanRequest, 'limit' | 'maxBytes'> {
  readonly collectionName: string;
  readonly position: ScanPosition | undefined;
  /** Of a record, as far as is known. */
  readonly averageBytes: number;
  /** The caller's own filter is among what is asked for. */
  readonly isFiltered?: boolean;
  /** The state to read, where it must be that of other pages too. */
  readonly at?: Timestamp | undefined;
}

export interface ScannedPage {
  readonly documents: Buffer;
  readonly count: number;
  /** The record that the next page begins behind; undefined on the last one. */
  readonly last: RawElement | undefined;
  /** Where the next page begins in an order of fields, as the cursor holds it. */
  readonly behind?: Uint8Array;
  /** The last record of these documents. */
  readonly lastShown: RawElement | undefined;
  readonly averageBytes: number;
  readonly window?: number;
  /** Set where it is one document that no message carries: the state that it is of. */
  readonly at?: Timestamp;
}

/** Where nothing is known yet. */
const assumedBytes = 512;

@Injectable()
export class ScanService {
  constructor(
    private readonly datasets: DatasetService,
    private readonly scans: ScanRepository,
    private readonly selected: SelectedPages,
    private readonly seal: CursorSeal,
    private readonly snapshots: Snapshots,
  ) {}

  async page(request: ScanRequest, caller: Caller): Promise<ReplyOf<typeof scanRecords>> {
    const limits = caller.limitsOn(readAction(request.dataset, caller), request.dataset);
    const dataset = await this.datasets.existing(request.dataset);
    const datasetId = await this.meant(dataset, request.datasetId);
    const { collectionName } = dataset;
    const selection = selectionOf(request, limits, dataset.schemaText);
    const start = startOf(request.cursor && (await this.seal.open(request.cursor)), selection, collectionName);
    const known = (start.order ?? start.position)?.averageBytes;
    const averageBytes = known ?? ((await this.scans.averageBytes(collectionName)) || assumedBytes);
    const { limit, maxBytes } = request;
    const snapshot = await this.snapshots.asked(request.snapshot, dataset);
    const asked = { collectionName, ...start, averageBytes, limit, maxBytes, at: snapshot?.at };
    const page = await this.read(asked, selection, dataset);
    const shown = await this.shownOf(page, collectionName);
    const understood = selection.filter !== undefined && { filter: selection.filter };
    const reply = { datasetId, ...shown, ...understood, ...(snapshot && { snapshot: snapshot.name }) };
    const { last, behind, averageBytes: average, window } = page;
    const position = behind ?? (last && positionBytes(last, { collectionName, averageBytes: average, window }));
    if (position) return { ...reply, next: await this.seal.seal(position) };
    await this.requireSame(dataset, datasetId);
    return reply;
  }

  /** A document that no message carries is read at a time, so that all its parts can be. */
  private async read(asked: SelectedRequest, selection: Selection, dataset: DatasetDefinition): Promise<ScannedPage> {
    const { view, sort } = selection;
    const isPart = view.query !== undefined || view.parts !== undefined || sort !== undefined;
    const { at } = asked;
    const page = await readingAt(at, dataset._id, () =>
      isPart ? this.selected.page(asked, selection, dataset) : this.wholePage(asked, view),
    );
    if (!isLarge(page.documents)) return page;
    return at
      ? { ...page, at }
      : this.read({ ...asked, maxBytes: 1, at: await this.snapshots.newest(dataset) }, selection, dataset);
  }

  private async shownOf({ documents, count, lastShown, at }: ScannedPage, collectionName: string) {
    if (!lastShown || !at) return { documents, count };
    const large = await this.seal.seal(largeRecordBytes(lastShown, collectionName, at, documents));
    return { documents: new Uint8Array(), count: 0, large };
  }

  /** Every record of the stretch is shown, with the same fields. */
  private async wholePage(asked: Omit<PageRequest, 'position'> & Start, { fields }: ReadView): Promise<ScannedPage> {
    const { collectionName, position, averageBytes, maxBytes } = asked;
    const limit = recordsToAskFor(maxBytes, averageBytes, asked.limit);
    const projection = fields && projectionFor(fields);
    const batch = await this.scans.read({
      ...{ collectionName, projection, limit, at: asked.at },
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

  /**
   * What tells the dataset, and the collection that it is now, from all others. Throws DATASET_NOT_FOUND, and
   * COLLECTION_REPLACED, where another one is asked for.
   */
  private async meant(dataset: DatasetDefinition, asked: string | undefined): Promise<string> {
    const datasetId = await this.scans.identityOf(dataset);
    if (asked === undefined || asked === datasetId || asked === dataset.id) return datasetId;
    const isMapped = datasetId !== dataset.id;
    throw new KeyportError(isMapped ? 'COLLECTION_REPLACED' : 'DATASET_NOT_FOUND', { dataset: dataset._id });
  }

  /** A collection that was dropped meanwhile looks like one that ends here: an export must not take it for whole. */
  private async requireSame({ _id, collectionName }: DatasetDefinition, datasetId: string): Promise<void> {
    const now = await this.datasets.existing(_id);
    if (now.collectionName !== collectionName) throw new KeyportError('CURSOR_INVALID');
    await this.meant(now, datasetId);
  }
}
