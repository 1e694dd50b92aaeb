import { ANY, type TypeNode } from '../stored-types/stored-type.ts';
import { type CellType, losslessCell, storedCell, textCell } from './cell-type.ts';
import type { CsvDialect } from './csv-dialect.ts';
import { columnNames } from './column-path.ts';
import { headerFault } from './csv-header.ts';
import { type TypedName, typedName } from './typed-header.ts';

/**
 * Where the types of CSV columns come from that no schema names: `string` all text, `lossless` each cell by its text,
 * `header` the names (`qty.int32()`).
 */
export type CsvTypes = 'string' | 'lossless' | 'header';

export interface Column {
  /** Path of the field, see `columnNames`. */
  name: string;
  type: CellType;
  /** It is there, and no field. */
  isIgnored: boolean;
}

/** The columns that a header's names stand for, or why they cannot be. Types of the schema win. */
export function columnsOf(
  names: readonly string[],
  { types, ignore }: Pick<CsvDialect, 'types' | 'ignore'>,
  schema: TypeNode,
  { maxColumns, maxDepth }: { maxColumns: number; maxDepth: number },
): Column[] | string {
  if (names.length > maxColumns) return `there are ${names.length} columns, more than ${maxColumns}`;
  const wrong = [...ignore].find((name) => names.filter((one) => one === name).length !== 1);
  if (wrong !== undefined) return `csv.ignore names ${JSON.stringify(wrong)}, which is not exactly one of the columns`;
  const columns: Column[] = [];
  for (const name of names) {
    if (ignore.has(name)) {
      columns.push({ name, type: textCell, isIgnored: true });
      continue;
    }
    const given: TypedName | string | undefined = types === 'header' ? typedName(name) : undefined;
    if (typeof given === 'string') return given;
    const path = given?.name ?? name;
    const known = schemaTypeOf(schema, path);
    if (types === 'header' && !given && known === ANY) {
      return `column ${JSON.stringify(name)} names no type, as in ${JSON.stringify(`${name}.string()`)}`;
    }
    const otherwise = types === 'lossless' ? losslessCell : textCell;
    columns.push({
      name: path,
      type: known === ANY ? (given?.type ?? otherwise) : storedCell(known),
      isIgnored: false,
    });
  }
  const paths = columns.filter(({ isIgnored }) => !isIgnored).map(({ name }) => name);
  return headerFault(paths, maxDepth) ?? columns;
}

function schemaTypeOf(schema: TypeNode, path: string): number {
  let node: TypeNode | undefined = schema;
  for (const segment of columnNames(path)) node = node?.children.get(segment);
  return node?.type ?? ANY;
}
