import type { Caller } from '@keyport/access';
import { KeyportError, scanRecords, type ReplyOf, type RequestOf } from '@keyport/contracts';
import type { RawElement } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import type { DatasetDefinition } from '../datasets/dataset.model.ts';
import { DatasetService } from '../datasets/dataset.service.ts';
import { projectionFor } from '../limits/projection.ts';
import { showsId, type ReadView } from '../limits/read-view.ts';
import { startOf, SelectedPages } from '../selecting/selected-pages.service.ts';
import { selectionOf } from '../selecting/selection.ts';
import { CursorSeal } from './cursor-seal.ts';
import { nextAverage, pageOf, recordsToAskFor } from './page.ts';
import { positionBytes, type ScanPosition } from './scan-cursor.ts';
import { ScanRepository } from './scan.repository.ts';

type ScanRequest = RequestOf<typeof scanRecords>;

/** What a page asks for, and where it begins. */
export interface PageRequest extends Pick<ScanRequest, 'limit' | 'maxBytes'> {
  readonly collectionName: string;
  readonly position: ScanPosition | undefined;
  /** Of a record, as far as is known. */
  readonly averageBytes: number;
  /** The caller's own filter is among what is asked for. */
  readonly isFiltered?: boolean;
}

export interface ScannedPage {
  readonly documents: Buffer;
  readonly count: number;
  /** The record that the next page begins behind; undefined on the last one. */
  readonly last: RawElement | undefined;
  /** Where the next page begins in an order of fields, as the cursor holds it. */
  readonly behind?: Uint8Array;
  readonly averageBytes: number;
  readonly window?: number;
}

/** NATS carries 8 MB (`max_payload`); a record that does not fit is not cut. */
const maxReplyBytes = 7_900_000;
/** Where nothing is known yet. */
const assumedBytes = 512;

@Injectable()
export class ScanService {
  constructor(
    private readonly datasets: DatasetService,
    private readonly scans: ScanRepository,
    private readonly selected: SelectedPages,
    private readonly seal: CursorSeal,
  ) {}

  async page(request: ScanRequest, caller: Caller): Promise<ReplyOf<typeof scanRecords>> {
    const limits = caller.limitsOn(actionOf(request, caller), request.dataset);
    const dataset = await this.datasets.existing(request.dataset, request.datasetId);
    const { id: datasetId, collectionName } = dataset;
    const selection = selectionOf(request, limits, dataset.schemaText);
    const { view, sort, filter } = selection;
    const start = startOf(request.cursor && (await this.seal.open(request.cursor)), selection, collectionName);
    const known = (start.order ?? start.position)?.averageBytes;
    const averageBytes = known ?? ((await this.scans.averageBytes(collectionName)) || assumedBytes);
    const { limit, maxBytes } = request;
    const asked = { collectionName, position: start.position, order: start.order, averageBytes, limit, maxBytes };
    const isPart = view.query !== undefined || view.parts !== undefined || sort !== undefined;
    const { documents, count, last, behind, ...next } = isPart
      ? await this.selected.page(asked, selection, dataset)
      : await this.wholePage(asked, view);
    if (documents.length > maxReplyBytes) throw new KeyportError('RECORD_TOO_LARGE', { dataset: request.dataset });
    const reply = { datasetId, documents, count, ...(filter !== undefined && { filter }) };
    const position = behind ?? (last && positionBytes(last, { collectionName, ...next }));
    if (position) return { ...reply, next: await this.seal.seal(position) };
    await this.requireSame(dataset);
    return reply;
  }

  /** Every record of the stretch is shown, with the same fields. */
  private async wholePage(asked: PageRequest, { fields }: ReadView): Promise<ScannedPage> {
    const { collectionName, position, averageBytes, maxBytes } = asked;
    const limit = recordsToAskFor(maxBytes, averageBytes, asked.limit);
    const projection = fields && projectionFor(fields);
    const batch = await this.scans.read({
      ...{ collectionName, projection, limit },
      ...(position && { after: position.after }),
    });
    const page = pageOf(batch, { maxBytes, limit: asked.limit, withId: showsId(fields) });
    const isLast = !page.isCut && batch.isWhole && page.count < limit;
    return { ...page, last: isLast ? undefined : page.last, averageBytes: nextAverage(page, averageBytes) };
  }

  /** A collection that was dropped meanwhile looks like one that ends here: an export must not take it for whole. */
  private async requireSame({ _id, collectionName }: DatasetDefinition): Promise<void> {
    if ((await this.datasets.existing(_id)).collectionName !== collectionName) throw new KeyportError('CURSOR_INVALID');
  }
}

/**
 * An accepted export may read what it was accepted for (docs/tokens.md, "Scopes"); a token alone takes records:read.
 * Throws INSUFFICIENT_SCOPE and RIGHTS_LOST.
 */
function actionOf({ dataset }: ScanRequest, caller: Caller): 'exports:create' | 'records:read' {
  if (caller.identity.jobId !== undefined && caller.may('exports:create', dataset)) return 'exports:create';
  caller.require('records:read', dataset);
  return 'records:read';
}
