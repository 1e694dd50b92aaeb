import { bsonToCsv, bsonToJsonElements, bsonToNdjson, csvHeader } from '@keyport/codec';
import type { ExportFormat } from '@keyport/contracts';

export interface Writing {
  readonly format: ExportFormat;
  readonly ejson: 'relaxed' | 'canonical';
  /** Of CSV and TSV. */
  readonly columns?: readonly string[] | undefined;
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

const delimiters = { csv: ',', tsv: '\t' } as const;

/** The text of one page; the texts of all pages, one behind the other, are the file. */
export function writePage(writing: Writing, page: PageOfDocuments, ends: Ends): Uint8Array {
  const { format, ejson, columns = [] } = writing;
  switch (format) {
    case 'ndjson':
      return bsonToNdjson(page.documents, { ejson });
    case 'json':
      return writeArray(page, ejson, ends);
    case 'csv':
    case 'tsv':
      return writeTable(page, columns, delimiters[format], ends);
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
  columns: readonly string[],
  delimiter: string,
  { isFirst, isLast }: Ends,
): Uint8Array {
  const rows = bsonToCsv(documents, { columns, delimiter });
  const needsHeader = isFirst && (count > 0 || isLast) && columns.length > 0;
  return needsHeader ? Buffer.concat([csvHeader(columns, delimiter), rows]) : rows;
}

const text = (ascii: string) => Buffer.from(ascii, 'latin1');
