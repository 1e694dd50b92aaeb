import type { Caller } from '@keyport/access';
import type { ReplyOf, RequestOf, scanRecords } from '@keyport/contracts';
import { spending } from '@keyport/messaging';
import { Injectable } from '@nestjs/common';
import { SinceCursors } from '../changes/since-cursors.service.ts';
import { startOf } from '../selecting/selected-pages.service.ts';
import { selectionOf, type Selection } from '../selecting/selection.ts';
import { CursorSeal } from './cursor-seal.ts';
import { largeRecordBytes } from './large-record.ts';
import { PageReader } from './page-reader.service.ts';
import { PagesAhead } from './pages-ahead.ts';
import { readAction } from './read-action.ts';
import { positionBytes } from './scan-cursor.ts';
import { ScannedDatasets } from './scanned-datasets.service.ts';
import type { ScannedPage } from './scanned-page.ts';
import { Snapshots } from './snapshots.service.ts';

type ScanRequest = RequestOf<typeof scanRecords>;

@Injectable()
export class ScanService {
  private readonly ahead = new PagesAhead();

  constructor(
    private readonly datasets: ScannedDatasets,
    private readonly pages: PageReader,
    private readonly seal: CursorSeal,
    private readonly snapshots: Snapshots,
    private readonly since: SinceCursors,
  ) {}

  async page(request: ScanRequest, caller: Caller): Promise<ReplyOf<typeof scanRecords>> {
    const limits = caller.limitsOn(readAction(request.dataset, caller), request.dataset);
    const scanned = await this.datasets.existing(request.dataset, request.datasetId);
    const { dataset, datasetId } = scanned;
    const { collectionName } = dataset;
    const selection = selectionOf(request, limits, dataset.schemaText);
    const start = startOf(request.cursor && (await this.seal.open(request.cursor)), selection, collectionName);
    // Before anything is read: what changes from here on is what the reader may miss.
    const since = isWhole(request) ? await this.since.before(dataset, selection.view) : undefined;
    const snapshot = await this.snapshots.asked(request.snapshot, dataset);
    const { limit, maxBytes } = request;
    const asked = { collectionName, ...start, limit, maxBytes, at: snapshot?.at };
    const key = { datasetId, collectionName, maxBytes, fields: selection.view.fields };
    const early = isOneOfMany(request, selection) ? this.ahead.take(request.cursor, key) : undefined;
    const page = (await early?.catch(() => undefined)) ?? (await this.pages.read(asked, selection, dataset));
    const reply = {
      ...{ datasetId, ...(await this.shownOf(page, collectionName)) },
      ...(selection.filter !== undefined && { filter: selection.filter }),
      ...(snapshot && { snapshot: snapshot.name }),
      ...(since && { since }),
    };
    const { last, behind, averageBytes, window } = page;
    const next = behind ?? (last && positionBytes(last, { collectionName, averageBytes, window }));
    if (next) {
      const cursor = await this.seal.seal(next);
      if (isOneOfMany(request, selection) && !page.at) {
        const from = { ...asked, ...startOf(next, selection, collectionName) };
        this.ahead.begin(cursor, key, () => this.pages.read(from, selection, dataset));
      }
      return spent({ ...reply, next: cursor });
    }
    await this.datasets.requireSame(scanned);
    return spent(reply);
  }

  private async shownOf({ documents, count, lastShown, at }: ScannedPage, collectionName: string) {
    if (!lastShown || !at) return { documents, count };
    const large = await this.seal.seal(largeRecordBytes(lastShown, collectionName, at, documents));
    return { documents: new Uint8Array(), count: 0, large };
  }
}

/** A record that is alone lies in MongoDB's reply, of which the driver keeps a part; several were copied together. */
const spent = <Reply extends ReplyOf<typeof scanRecords>>(reply: Reply): Reply =>
  reply.count > 1 ? spending(reply, reply.documents) : reply;

/** The first page of all there is. */
const isWhole = ({ cursor, afterId, limit }: ScanRequest): boolean =>
  cursor === undefined && afterId === undefined && limit === undefined;

/**
 * A page of all records, in their own order, behind the first: whoever asks for a second one goes on. A part of a dataset may
 * take long to find, and one state is read at its own time.
 */
const isOneOfMany = (
  request: ScanRequest,
  { view, sort }: Selection,
): request is ScanRequest & { cursor: Uint8Array } =>
  ![request.cursor === undefined, request.limit, request.snapshot, view.query, view.parts, sort].some(Boolean);
