import { csvStyleFault } from '@keyport/codec';
import { KeyportError, type ExportSelection } from '@keyport/contracts';
import { tableStyle } from './table-style.ts';

/** Throws VALIDATION_FAILED, which names the option, where options do not go with the format or with each other. */
export function checkStyle({ format, ejson, types, csv = {} }: ExportSelection): void {
  const isTable = format === 'csv' || format === 'tsv';
  if (!isTable) refuse([...(types ? ['types'] : []), ...Object.keys(csv).map((name) => `csv.${name}`)], ofTables);
  // Relaxed is what a table holds where it has no form of its own, and what nobody has to ask for.
  if (isTable && ejson === 'canonical') refuse(['ejson'], 'canonical is for NDJSON and JSON only');
  if (types && csv.header === false) refuse(['types', 'csv.header'], 'a header that is not written names no types');
  const fault = isTable ? csvStyleFault(format === 'tsv', tableStyle(format, csv)) : undefined;
  if (fault !== undefined) refuse([/^[\w.]+/.exec(fault)?.[0] ?? 'csv'], fault);
}

const ofTables = 'is an option of CSV and TSV only';

function refuse(paths: readonly string[], message: string): void {
  if (paths.length === 0) return;
  const errors = paths.map((path) => ({ path, code: 'custom', message }));
  throw new KeyportError('VALIDATION_FAILED', {}, { errors });
}
