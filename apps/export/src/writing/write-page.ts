import type { ExportFormat } from '@keyport/contracts';
import { bsonToCsv, bsonToJsonElements, bsonToNdjson, csvHeader } from './codec.tmp.ts';

export interface Writing {
  readonly format: ExportFormat;
  readonly ejson: 'relaxed' | 'canonical';
  /** Of tables. */
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

/** The text of one page; the texts of all pages in order are the file. A file begins with its first document, or its end. */
export function writePage(writing: Writing, page: PageOfDocuments, ends: Ends): Uint8Array {
  const { format, ejson, columns = [] } = writing;
  switch (format) {
    case 'ndjson':
      return bsonToNdjson(page.documents, ejson);
    case 'json':
      return writeArray(page, ejson, ends);
    case 'csv':
    case 'tsv':
      return writeTable(page, columns, delimiters[format], ends);
  }
}

function writeArray({ documents, count }: PageOfDocuments, ejson: Writing['ejson'], { isFirst, isLast }: Ends) {
  const close = isLast ? ']' : '';
  if (count === 0) return Buffer.from(isFirst && isLast ? '[]' : close);
  const elements = bsonToJsonElements(documents, ejson);
  return Buffer.concat([Buffer.from(isFirst ? '[' : ',\n'), elements, Buffer.from(close)]);
}

function writeTable(
  { documents, count }: PageOfDocuments,
  columns: readonly string[],
  delimiter: ',' | '\t',
  { isFirst, isLast }: Ends,
): Uint8Array {
  const rows = bsonToCsv(documents, columns, { delimiter });
  const needsHeader = isFirst && (count > 0 || isLast);
  return needsHeader ? Buffer.concat([csvHeader(columns, { delimiter }), rows]) : rows;
}
