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
function writeTable(
  { documents, count }: PageOfDocuments,
  { format, columns = [], columnTypes, csv = {} }: Writing & { format: 'csv' | 'tsv' },
  { isFirst, isLast }: Ends,
): Uint8Array {
  const style = tableStyle(format, csv);
  const rows = bsonToCsv(documents, { columns, ...style });
  const opens = isFirst && (count > 0 || isLast);
  if (!opens) return rows;
  const names = columnTypes ? columns.map((path, i) => `${path}.${headerTypeOf(columnTypes[i] ?? 0)}`) : columns;
  const header = csv.header === false || columns.length === 0 ? [] : [csvHeader(names, style)];
  return csv.bom || header.length > 0 ? Buffer.concat([csv.bom ? byteOrderMark : nothing, ...header, rows]) : rows;
}

const nothing = new Uint8Array();
const byteOrderMark = Uint8Array.of(0xef, 0xbb, 0xbf);

const text = (ascii: string) => Buffer.from(ascii, 'latin1');
