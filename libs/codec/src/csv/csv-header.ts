import { isUtf8 } from 'node:buffer';
import { type CellTable, DOUBLED } from './cell-table.ts';
import { columnNames, columnPath } from './column-path.ts';

/** The names that a header row gives, or what is wrong with it. */
export function headerNames(
  bytes: Buffer,
  rowStart: number,
  cells: CellTable,
  quote: number,
  maxColumns: number,
): string[] | string {
  if (cells.fault) return `its quotes are not those of RFC 4180: it has ${cells.fault}`;
  if (cells.count > maxColumns) return `the header has ${cells.count} columns, more than ${maxColumns}`;
  const mark = String.fromCharCode(quote);
  const names: string[] = [];
  for (let i = 0; i < cells.count; i++) {
    const cell = bytes.subarray(rowStart + cells.starts[i]!, rowStart + cells.ends[i]!);
    if (!isUtf8(cell)) return `the name of column ${i + 1} holds bytes that are no characters`;
    const text = cell.toString();
    names.push(cells.kinds[i] === DOUBLED ? text.replaceAll(mark + mark, mark) : text);
  }
  return names;
}

/** Why these names cannot be columns. A dot nests: `a.b` is field b of the document a. */
export function headerFault(names: readonly string[], maxDepth: number): string | undefined {
  if (names.length === 0) return 'there are no columns';
  const seen = new Set<string>();
  const parents = new Map<string, string>();
  for (const [index, name] of names.entries()) {
    const segments = columnNames(name);
    if (segments.length > maxDepth) return `column ${index + 1} is nested deeper than ${maxDepth} levels`;
    if (name === '') return `column ${index + 1} has no name`;
    if (segments.includes('')) return `column ${JSON.stringify(name)} has an empty part between its dots`;
    const wrong = segments.find((segment) => segment.startsWith('$') || segment.includes('\0'));
    if (wrong !== undefined) return `column ${JSON.stringify(name)} begins with $ or holds a NUL`;
    if (seen.has(name)) return `column ${JSON.stringify(name)} occurs twice`;
    seen.add(name);
    for (let i = 1; i < segments.length; i++) parents.set(columnPath(segments.slice(0, i)), name);
  }
  for (const [parent, name] of parents) {
    if (seen.has(parent)) return `columns ${JSON.stringify(parent)} and ${JSON.stringify(name)} exclude each other`;
  }
  return undefined;
}
