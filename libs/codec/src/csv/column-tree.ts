import { type CellType, textCell } from './cell-type.ts';
import { columnNames, columnPath } from './column-path.ts';
import type { Column } from './column.ts';

/** A field of the documents that CSV rows become: a column, or a document of further ones. */
export interface ColumnNode {
  /** UTF-8 and a NUL. */
  name: Uint8Array;
  path: string;
  /** Index of the cell; -1 for a document. */
  cell: number;
  type: CellType;
  children: ColumnNode[];
  isId: boolean;
}

/** Columns as fields: those with a common part before a dot share a document, placed where the first of them is. */
export function columnTree(columns: readonly Column[]): ColumnNode[] {
  const roots: ColumnNode[] = [];
  const byPath = new Map<string, ColumnNode>();
  for (const [cell, { name: path, type, isIgnored }] of columns.entries()) {
    if (isIgnored) continue;
    const segments = columnNames(path);
    let siblings = roots;
    for (const [depth, segment] of segments.entries()) {
      const partial = columnPath(segments.slice(0, depth + 1));
      const last = depth === segments.length - 1;
      let node = byPath.get(partial);
      if (!node) {
        node = {
          name: Buffer.from(`${segment}\0`),
          path: partial,
          cell: last ? cell : -1,
          type: last ? type : textCell,
          children: [],
          isId: partial === '_id',
        };
        byPath.set(partial, node);
        siblings.push(node);
      }
      siblings = node.children;
    }
  }
  return roots;
}
