import { ARRAY, DOCUMENT } from '../bson/bson-types.ts';
import { skipName, skipValue } from '../bson/bson-walk.ts';
import { columnNames } from '../csv/column-path.ts';

interface SelectionNode {
  name: Buffer;
  /** Index of the column, or -1 where only fields below are asked for. */
  column: number;
  children: SelectionNode[];
}

/** Finds the values of a document's columns in one walk over its bytes. */
export class CsvSelection {
  /** By column: the BSON type, 0 where the document lacks the field, and where the value begins. */
  readonly types: Uint8Array;
  readonly places: Int32Array;
  private readonly roots: SelectionNode[] = [];

  constructor(columns: readonly string[]) {
    this.types = new Uint8Array(columns.length);
    this.places = new Int32Array(columns.length);
    for (const [column, path] of columns.entries()) this.add(column, path);
  }

  select(bytes: Uint8Array, documentAt: number): void {
    this.types.fill(0);
    this.walk(bytes, documentAt, this.roots);
  }

  private add(column: number, path: string): void {
    let siblings = this.roots;
    let node: SelectionNode | undefined;
    for (const segment of columnNames(path)) {
      const name = Buffer.from(`${segment}\0`);
      node = siblings.find((sibling) => sibling.name.equals(name));
      if (!node) siblings.push((node = { name, column: -1, children: [] }));
      siblings = node.children;
    }
    if (node && node.column >= 0) throw new RangeError(`column ${JSON.stringify(path)} is asked for twice`);
    if (node) node.column = column;
  }

  private walk(bytes: Uint8Array, documentAt: number, nodes: SelectionNode[]): void {
    let at = documentAt + 4;
    let guess = 0;
    for (let type = bytes[at]!; type !== 0; type = bytes[at]!) {
      const found = findNode(bytes, at + 1, nodes, guess);
      const node = found < 0 ? undefined : nodes[found]!;
      const valueAt = node ? at + 1 + node.name.length : skipName(bytes, at + 1);
      if (node) {
        guess = found + 1;
        if (node.column >= 0) {
          this.types[node.column] = type;
          this.places[node.column] = valueAt;
        }
        if (node.children.length > 0 && (type === DOCUMENT || type === ARRAY)) this.walk(bytes, valueAt, node.children);
      }
      at = skipValue(bytes, type, valueAt);
    }
  }
}

/** Fields mostly come in the order of the columns, so the search begins behind the one found last. */
function findNode(bytes: Uint8Array, nameAt: number, nodes: SelectionNode[], guess: number): number {
  for (let step = 0; step < nodes.length; step++) {
    const index = guess + step < nodes.length ? guess + step : guess + step - nodes.length;
    const { name } = nodes[index]!;
    let i = 0;
    while (i < name.length && bytes[nameAt + i] === name[i]) i++;
    if (i === name.length) return index;
  }
  return -1;
}
