import type { Limited } from '@keyport/access';
import { getDataset, scanRecords, type ExportSelection } from '@keyport/contracts';
import { Requester, type RequestOptions } from '@keyport/messaging';
import { Injectable } from '@nestjs/common';
import { allowedColumns } from '../writing/allowed-columns.ts';
import { checkColumns, foundColumns } from '../writing/columns.ts';
import { columnsOfSchema } from '../writing/schema-columns.ts';
import { checkStyle } from '../writing/check-style.ts';
import { writePage } from '../writing/write-page.ts';
import { LargeDocuments } from './large-documents.service.ts';
import { afterOf, checkSelection, selectedScan } from './selected-scan.ts';
import {
  afterColumns,
  afterRows,
  beforeLarge,
  firstPosition,
  isLargePosition,
  isTable,
  type Position,
  type Source,
} from './position.ts';

/** One page of BSON gives about as much text. */
const scanBytes = 1024 * 1024;

/** Milliseconds for one scan: a page takes about 15; the contract's limit would outlast the asker's own. */
const scanTimeoutMs = 8_000;

export interface LimitedSource extends Source {
  /** Rows and fields that are read: the names of other fields are not told. */
  readonly limits: Limited;
}

export interface ReadOptions extends RequestOptions {
  /** Of who reads. */
  readonly limits: Limited;
}

export interface ReadPage {
  /** Undefined after the last page. */
  readonly next: Position | undefined;
  /** Documents in the text. */
  readonly count: number;
  /** Where a later read may go on behind this page, where it is the last and there may be more. */
  readonly after?: string;
  /** Turns the page into text; the slow part. Pages of the collecting pass give none. */
  readonly write: () => Uint8Array;
}

/** Reads datasets page by page, in the caller's or the job's name: `records` checks the right on every page. */
@Injectable()
export class DatasetReader {
  constructor(
    private readonly requester: Requester,
    private readonly large: LargeDocuments,
  ) {}

  /** Asks for the dataset only where its schema is needed, so that a first page is not kept waiting. */
  async begin(
    { dataset, datasetId, limits }: LimitedSource,
    selection: ExportSelection,
    options: RequestOptions,
  ): Promise<Position> {
    checkStyle(selection);
    checkSelection(selection);
    const needsSchema = isTable(selection.format) && !selection.fields;
    if (!needsSchema) return firstPosition({ dataset, datasetId }, selection, undefined);
    const { id, schema } = await this.requester.request(getDataset, { name: dataset }, options);
    const columns = checkColumns(allowedColumns(columnsOfSchema(schema), limits), dataset);
    return firstPosition({ dataset, datasetId: datasetId ?? id }, selection, columns.length > 0 ? columns : undefined);
  }

  async read(at: Position, options: ReadOptions): Promise<ReadPage> {
    if (isLargePosition(at)) return this.large.read(at, options);
    const { dataset, datasetId, fields, left: limit, snapshot } = at;
    const page = await this.requester.request(
      scanRecords,
      { dataset, datasetId, fields, limit, snapshot, maxBytes: scanBytes, ...selectedScan(at) },
      { timeoutMs: scanTimeoutMs, ...options },
    );
    if (at.pass === 'columns') {
      const { documents, count } = await this.large.pageOf(page, at, options);
      const next = afterColumns(at, { ...page, count }, foundColumns(at, documents, dataset));
      return { next, count: 0, write: () => new Uint8Array() };
    }
    if (page.large)
      return { next: beforeLarge(at, { ...page, large: page.large }), count: 0, write: () => new Uint8Array() };
    const next = afterRows(at, page);
    const ends = { isFirst: !at.hasWritten, isLast: next === undefined };
    // Where sorting begins anew, there is no going on.
    const rest = next || at.sort ? undefined : page.next;
    return {
      next,
      count: page.count,
      ...(rest && { after: afterOf(rest) }),
      write: () => writePage(at, page, ends),
    };
  }
}
