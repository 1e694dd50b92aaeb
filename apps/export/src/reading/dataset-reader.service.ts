import type { Limited } from '@keyport/access';
import { getDataset, readChanges, type ReplyOf, scanRecords, type ExportSelection } from '@keyport/contracts';
import { giveBack, Requester, type RequestOptions } from '@keyport/messaging';
import { Injectable } from '@nestjs/common';
import { allowedColumns } from '../writing/allowed-columns.ts';
import { checkColumns, foundColumns } from '../writing/columns.ts';
import { columnsOfSchema } from '../writing/schema-columns.ts';
import { writePieces } from '../writing/write-page.ts';
import { LargeDocuments } from './large-documents.service.ts';
import { checkReadable } from './check-readable.ts';
import { afterOf, selectedScan } from './selected-scan.ts';
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
/** A reader is not kept waiting for a whole page of it. */
const firstScanBytes = 64 * 1024;

/** Milliseconds for one scan: a page takes about 15; the contract's limit would outlast the asker's own. */
const scanTimeoutMs = 8_000;

/** `records` waits up to 10 s for changes to be taken up; with the time of retries it stays under a page's deadline. */
const changesTimeoutMs = 12_000;

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
  /** Where a later reader may ask for what changed since; with the first page alone. */
  readonly since: string | undefined;
  /** Documents in the text. */
  readonly count: number;
  /** Where a later read may go on behind this page, where it is the last and there may be more. */
  readonly after?: string;
  /**
   * Turns the page into text, once, which then is the caller's alone; the slow part. In one piece, or each of about so many
   * bytes of BSON, written when it is asked for. The collecting pass gives none.
   */
  readonly write: (pieceBytes?: number) => Iterable<Uint8Array>;
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
    checkReadable(selection);
    const needsSchema = isTable(selection.format) && !selection.fields;
    if (!needsSchema) return firstPosition({ dataset, datasetId }, selection, undefined);
    const { id, schema } = await this.requester.request(getDataset, { name: dataset }, options);
    const columns = checkColumns(allowedColumns(columnsOfSchema(schema), limits), dataset);
    return firstPosition({ dataset, datasetId: datasetId ?? id }, selection, columns.length > 0 ? columns : undefined);
  }

  /** Asks for as little as there is, so that what cannot be read is refused now. Resolves to the dataset's id. */
  async probe(dataset: string, selection: ExportSelection, options: RequestOptions): Promise<string> {
    const { since } = selection;
    const least = since === undefined ? { limit: 1 } : {};
    const at = firstPosition({ dataset }, { ...selection, ...least, format: 'ndjson' }, undefined);
    const { datasetId } = await (since === undefined ? this.scan(at, options, 1) : this.changes(at, since, options, 1));
    return datasetId;
  }

  async read(at: Position, options: ReadOptions): Promise<ReadPage> {
    if (isLargePosition(at)) return this.large.read(at, options);
    const { dataset } = at;
    const page = at.since === undefined ? await this.scan(at, options) : await this.changes(at, at.since, options);
    const since = at.scan === undefined ? page.since : undefined;
    if (at.pass === 'columns') {
      const { documents, count } = await this.large.pageOf(page, at, options);
      const next = afterColumns(at, { ...page, count }, foundColumns(at, documents, dataset));
      return { next, since, count: 0, write: () => [] };
    }
    if (page.large) {
      const next = beforeLarge(at, { ...page, large: page.large });
      return { next, since, count: 0, write: () => [] };
    }
    const next = afterRows(at, page);
    const ends = { isFirst: !at.hasWritten, isLast: next === undefined };
    // Where sorting begins anew, there is no going on; nor behind a part of what changed.
    const rest = next || at.sort || at.since !== undefined ? undefined : page.next;
    return {
      ...{ next, since, count: page.count },
      ...(rest && { after: afterOf(rest) }),
      write: function* (pieceBytes = Infinity) {
        yield* writePieces(at, page, ends, pieceBytes);
        // A cursor may be large too, and lie in the same reply.
        if (page.next?.buffer !== page.documents.buffer) giveBack(page.documents);
      },
    };
  }

  private scan(
    at: Position,
    options: RequestOptions,
    maxBytes = pageBytesOf(at),
  ): Promise<ReplyOf<typeof scanRecords>> {
    const { dataset, datasetId, fields, left: limit, snapshot } = at;
    const request = { dataset, datasetId, fields, limit, snapshot, maxBytes, ...selectedScan(at) };
    return this.requester.request(scanRecords, request, { timeoutMs: scanTimeoutMs, ...options });
  }

  private changes(
    at: Position,
    since: string,
    options: RequestOptions,
    maxBytes = pageBytesOf(at),
  ): Promise<ReplyOf<typeof scanRecords>> {
    const { dataset, datasetId, scan, fields } = at;
    const from = scan ? { next: scan } : { since };
    const request = { dataset, datasetId, from, fields, maxBytes };
    return this.requester.request(readChanges, request, { timeoutMs: changesTimeoutMs, ...options });
  }
}

const pageBytesOf = ({ scan }: Position): number => (scan ? scanBytes : firstScanBytes);
