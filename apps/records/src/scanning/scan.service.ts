import type { Caller } from '@keyport/access';
import { KeyportError, scanRecords, type ReplyOf, type RequestOf } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import type { DatasetDefinition } from '../datasets/dataset.model.ts';
import { DatasetService } from '../datasets/dataset.service.ts';
import { nextAverage, pageOf, recordsToAskFor } from './page.ts';
import { projectionFor } from './projection.ts';
import { cursorOf, positionOf } from './scan-cursor.ts';
import { ScanRepository } from './scan.repository.ts';

type ScanRequest = RequestOf<typeof scanRecords>;

/** NATS carries 8 MB (`max_payload`); a record that does not fit is not cut. */
const maxReplyBytes = 7_900_000;
/** Where nothing is known yet. */
const assumedBytes = 512;

@Injectable()
export class ScanService {
  constructor(
    private readonly datasets: DatasetService,
    private readonly scans: ScanRepository,
  ) {}

  async page(request: ScanRequest, caller: Caller): Promise<ReplyOf<typeof scanRecords>> {
    // An accepted export may read what it was accepted for (docs/tokens.md, "Scopes"); a token alone takes records:read.
    const isExport = caller.identity.jobId !== undefined && caller.may('exports:create', request.dataset);
    if (!isExport) caller.require('records:read', request.dataset);
    const dataset = await this.datasets.existing(request.dataset, request.datasetId);
    const { id: datasetId, collectionName } = dataset;
    const position = request.cursor && positionOf(request.cursor, collectionName);
    const average = position?.averageBytes ?? ((await this.scans.averageBytes(collectionName)) || assumedBytes);
    const limit = recordsToAskFor(request.maxBytes, average, request.limit);
    const projection = request.fields && projectionFor(request.fields);
    const batch = await this.scans.read({ collectionName, position, projection, limit });
    const page = pageOf(batch, { ...request, withId: !request.fields || request.fields.includes('_id') });
    if (page.documents.length > maxReplyBytes) throw new KeyportError('RECORD_TOO_LARGE', { dataset: request.dataset });
    const { documents, count, last } = page;
    const isLast = !page.isCut && batch.isWhole && count < limit;
    if (last && !isLast)
      return { datasetId, documents, count, next: cursorOf(last, collectionName, nextAverage(page, average)) };
    await this.requireSame(dataset);
    return { datasetId, documents, count };
  }

  /** A collection that was dropped meanwhile looks like one that ends here: an export must not take it for whole. */
  private async requireSame({ _id, collectionName }: DatasetDefinition): Promise<void> {
    if ((await this.datasets.existing(_id)).collectionName !== collectionName) throw new KeyportError('CURSOR_INVALID');
  }
}
