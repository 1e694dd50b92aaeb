import { bsonToCsv, bsonToJsonElements, bsonToNdjson, csvHeader, headerTypeOf } from '@keyport/codec';
import type { CsvExportOptions, ExportFormat } from '@keyport/contracts';
import { tableStyle } from './table-style.ts';

export interface Writing {
  readonly format: ExportFormat;
  readonly ejson: 'relaxed' | 'canonical';
  /** Of CSV and TSV. */
  readonly columns?: readonly string[] | undefined;
  /** Of the columns, where their types go into the header. */
  readonly columnTypes?: readonly number[] | undefined;
  readonly csv?: CsvExportOptions | undefined;
}

export type TableWriting = Writing & { readonly format: 'csv' | 'tsv' };

export interface PageOfDocuments {
  /** Concatenated BSON. */
  readonly documents: Uint8Array;
  readonly count: number;
}

/** Where a page stands in its file. */
export interface Ends {
  /** No document was written before it. */
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

/**
 * The text of a page in pieces, each of about so many bytes of BSON, at least one, and each written when it is asked for: of
 * a whole page it takes some milliseconds, in which the process answers nobody.
 */
export function* writePieces(
  writing: Writing,
  page: PageOfDocuments,
  { isFirst, isLast }: Ends,
  pieceBytes: number,
): Generator<Uint8Array> {
  const slices = slicesOf(page, pieceBytes);
  for (const [index, slice] of slices.entries()) {
    const ends = { isFirst: isFirst && index === 0, isLast: isLast && index === slices.length - 1 };
    yield writePage(writing, slice, ends);
  }
}

/** Views of the documents, cut behind the first one that reaches `bytes`; of no documents, the page itself. */
function slicesOf(page: PageOfDocuments, bytes: number): PageOfDocuments[] {
  const { documents } = page;
  if (documents.length <= bytes) return [page];
  const slices: PageOfDocuments[] = [];
  const view = new DataView(documents.buffer, documents.byteOffset, documents.byteLength);
  let start = 0;
  let count = 0;
  for (let at = 0; at < documents.length;) {
    at += view.getInt32(at, true);
    count += 1;
    if (at - start < bytes && at < documents.length) continue;
    slices.push({ documents: documents.subarray(start, at), count });
    [start, count] = [at, 0];
  }
  return slices;
}

/** The text of one page; the texts of all pages, one behind the other, are the file. */
export function writePage(writing: Writing, page: PageOfDocuments, ends: Ends): Uint8Array {
  const { format, ejson } = writing;
  switch (format) {
    case 'ndjson':
      return bsonToNdjson(page.documents, { ejson });
    case 'json':
      return writeArray(page, ejson, ends);
    case 'csv':
    case 'tsv':
      return writeTable(page, { ...writing, format }, ends);
  }
}

/** The bracket opens with the first element, or at the end where there is none. */
function writeArray({ documents, count }: PageOfDocuments, ejson: Writing['ejson'], { isFirst, isLast }: Ends) {
  const opens = isFirst && (count > 0 || isLast);
  const elements = bsonToJsonElements(documents, { ejson, first: isFirst });
  return opens || isLast ? Buffer.concat([text(opens ? '[' : ''), elements, text(isLast ? ']' : '')]) : elements;
}

/** The header likewise: a table without rows still says its columns. */
function writeTable({ documents, count }: PageOfDocuments, table: TableWriting, { isFirst, isLast }: Ends): Uint8Array {
  const { format, columns = [], csv } = table;
  const rows = bsonToCsv(documents, { columns, ...tableStyle(format, csv) });
  const opening = isFirst && (count > 0 || isLast) ? openingOf(table) : [];
  return opening.length > 0 ? Buffer.concat([...opening, rows]) : rows;
}

/** What stands before the first row of a table. */
export function openingOf({ format, columns = [], columnTypes, csv = {} }: TableWriting): Uint8Array[] {
  const names = columnTypes ? columns.map((path, i) => `${path}.${headerTypeOf(columnTypes[i] ?? 0)}`) : columns;
  const hasHeader = csv.header !== false && columns.length > 0;
  return [...(csv.bom ? [byteOrderMark] : []), ...(hasHeader ? [csvHeader(names, tableStyle(format, csv))] : [])];
}

const byteOrderMark = Uint8Array.of(0xef, 0xbb, 0xbf);

const text = (ascii: string) => Buffer.from(ascii, 'latin1');
