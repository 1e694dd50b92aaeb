import { limitsOf, type RowReaderOptions } from '../rows/row-options.ts';
import { typeTree } from '../stored-types/stored-type.ts';
import { columnsOf } from './column.ts';
import { csvDialect } from './csv-dialect.ts';

/** What becomes of a column of a CSV file. */
export interface DescribedColumn {
  /** As the header, or `csv.columns`, has it. */
  column: string;
  /** Dotted path of the field that its cells go to; undefined for one that is passed over. */
  field?: string;
  /** `string`, `lossless`, or the type that the schema or the header gives. */
  type?: string;
}

/** Columns by their header (`Chunk.end.header`), as the reader with these options takes them. Throws RangeError for options that it refuses. */
export function describeColumns(
  { format, csv, types, fieldTypes, ...limits }: Omit<RowReaderOptions, 'idPrefix' | 'validate'>,
  header: readonly string[],
): DescribedColumn[] {
  const dialect = csvDialect(format === 'tsv', csv, types);
  const columns = columnsOf(header, dialect, typeTree(fieldTypes), limitsOf(limits));
  if (typeof columns === 'string') throw new RangeError(columns);
  return columns.map(({ name, type, isIgnored }, index) => {
    const column = header[index] ?? name;
    return isIgnored ? { column } : { column, field: name, type: type.name };
  });
}
