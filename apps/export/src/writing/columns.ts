import { collectColumns, collectColumnTypes } from '@keyport/codec';
import { KeyportError } from '@keyport/contracts';

/** As many as an import may bring (`libs/codec`); they travel in every page's cursor. */
export const maxColumns = 10_000;
/** Bytes of their names: with the cursor in base64url far under NATS's `max_payload`. */
export const maxColumnBytes = 256 * 1024;

export interface KnownColumns {
  readonly columns: readonly string[];
  /** Where types are asked for. */
  readonly columnTypes?: readonly number[] | undefined;
  readonly areNamed?: boolean | undefined;
}

/** What is known of columns, these documents included. Throws TOO_MANY_COLUMNS. */
export function foundColumns(
  { columns: known, columnTypes, areNamed }: KnownColumns,
  documents: Uint8Array,
  dataset: string,
) {
  const columns = areNamed ? [...known] : addColumns(known, documents, dataset);
  return { columns, ...(columnTypes && { columnTypes: collectColumnTypes(documents, columns, columnTypes) }) };
}

/** The columns so far and those that occur in these documents, `_id` first. Throws TOO_MANY_COLUMNS. */
export function addColumns(known: readonly string[], documents: Uint8Array, dataset: string): string[] {
  const columns = new Set(known);
  collectColumns(documents, columns);
  return checkColumns([...columns], dataset);
}

/** Throws TOO_MANY_COLUMNS where they are more than a cursor may hold. */
export function checkColumns(columns: string[], dataset: string): string[] {
  const bytes = columns.reduce((sum, column) => sum + Buffer.byteLength(column), 0);
  if (columns.length <= maxColumns && bytes <= maxColumnBytes) return columns;
  throw new KeyportError('TOO_MANY_COLUMNS', { dataset, limit: maxColumns, limitBytes: maxColumnBytes });
}
