import { collectColumns } from '@keyport/codec';
import { KeyportError } from '@keyport/contracts';

/** As many as an import may bring (`libs/codec`); they travel in every page's cursor. */
export const maxColumns = 10_000;

/** The columns so far and those that occur in these documents, `_id` first. Throws TOO_MANY_COLUMNS. */
export function addColumns(known: readonly string[], documents: Uint8Array, dataset: string): string[] {
  const columns = new Set(known);
  collectColumns(documents, columns);
  if (columns.size > maxColumns) throw new KeyportError('TOO_MANY_COLUMNS', { dataset, limit: maxColumns });
  return [...columns];
}
