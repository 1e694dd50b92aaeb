import { deletedField, KeyportError, type ExportSelection } from '@keyport/contracts';

/** The columns of a table of changes: whether the record is gone, which it is, and what was asked for. */
export const columnsOfIncrement = (columns: readonly string[]): string[] => [
  ...new Set([deletedField, '_id', ...columns]),
];

/**
 * What can be asked together with `since`: a part of the changes would leave a copy that is neither old nor new. Types in
 * a header would be those of what changed alone, and differ each time.
 */
const allowed: ReadonlySet<string> = new Set(['since', 'fields', 'format', 'ejson', 'csv', 'compression']);

/** Throws VALIDATION_FAILED where something else is asked for beside the changes. */
export function checkIncrement(selection: ExportSelection): void {
  if (selection.since === undefined) return;
  const others = Object.entries(selection).filter(([name, value]) => value !== undefined && !allowed.has(name));
  if (others.length === 0) return;
  const message = 'cannot be given together with since';
  const errors = others.map(([path]) => ({ path, code: 'custom', message }));
  throw new KeyportError('VALIDATION_FAILED', {}, { errors });
}
