import { columnsOf } from '../csv/column.ts';
import { csvDialect } from '../csv/csv-dialect.ts';
import { typeTree } from '../stored-types/stored-type.ts';
import { limitsOf, type RowReaderOptions } from './row-options.ts';

type Asked = Omit<RowReaderOptions, 'idPrefix' | 'validate'>;

/** What in a reader's options makes no sense or contradicts itself, as a caller may be told; `createRowReader` throws it. */
export function rowOptionsFault(options: Asked): string | undefined {
  const { format, csv, types, ejson } = options;
  if (format === 'ndjson' || format === 'json') {
    if (csv !== undefined || types !== undefined) return 'csv and types are options of CSV and TSV only';
    if (ejson !== undefined && !['relaxed', 'canonical', 'off'].includes(ejson)) {
      return 'ejson must be relaxed, canonical or off';
    }
    return undefined;
  }
  if (ejson !== undefined) return 'ejson is an option of JSON and NDJSON only';
  try {
    const dialect = csvDialect(format === 'tsv', csv, types);
    if (!dialect.columns) return undefined;
    const columns = columnsOf(dialect.columns, dialect, typeTree(options.fieldTypes), limitsOf(options));
    return typeof columns === 'string' ? `csv.columns: ${columns}` : undefined;
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}
