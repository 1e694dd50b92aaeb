import { csvPieces, jsonPieces } from '@keyport/codec';
import { tableStyle } from './table-style.ts';
import { openingOf, type Ends, type TableWriting, type Writing } from './write-page.ts';

/**
 * The text of one document as a page of it would have it, in pieces of about 1 MiB. A function of its arguments alone, so
 * that whoever goes on with it somewhere else meets the same bytes.
 */
export function* largeText(writing: Writing, document: Uint8Array, { isFirst, isLast }: Ends): Generator<Uint8Array> {
  const { format, ejson } = writing;
  switch (format) {
    case 'ndjson':
      yield* jsonPieces(document, { ejson });
      yield Buffer.from('\n');
      return;
    case 'json':
      yield Buffer.from(isFirst ? '[' : ',\n');
      yield* jsonPieces(document, { ejson });
      if (isLast) yield Buffer.from(']');
      return;
    case 'csv':
    case 'tsv':
      yield* rowText({ ...writing, format }, document, isFirst);
  }
}

function* rowText(table: TableWriting, document: Uint8Array, isFirst: boolean): Generator<Uint8Array> {
  if (isFirst) yield* openingOf(table);
  yield* csvPieces(document, { columns: table.columns ?? [], ...tableStyle(table.format, table.csv) });
}
