import { bsonType, elementsOf, nameOf, type RawElement } from '@keyport/mongo';
import { isFieldPath, outermost } from './field-paths.ts';

/** Fields by name: all of a field, or the fields inside it. */
export type FieldTree = ReadonlyMap<string, FieldTree | 'whole'>;

/** What is no path allows nothing. A name that itself holds a dot is no path either: MongoDB would not find it. */
export function fieldTree(paths: readonly string[]): FieldTree {
  const tree = new Map<string, FieldTree | 'whole'>();
  for (const path of outermost(paths.filter(isFieldPath))) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    let at = tree;
    for (const name of names) {
      const inner = (at.get(name) as typeof tree | undefined) ?? new Map<string, FieldTree | 'whole'>();
      at.set(name, inner);
      at = inner;
    }
    at.set(last, 'whole');
  }
  return tree;
}

/** What both trees hold. */
export function commonTree(one: FieldTree, other: FieldTree): FieldTree {
  const common = new Map<string, FieldTree | 'whole'>();
  for (const [name, inner] of one) {
    const match = other.get(name);
    if (match === undefined) continue;
    if (inner === 'whole') common.set(name, match);
    else common.set(name, match === 'whole' ? inner : commonTree(inner, match));
  }
  return common;
}

/**
 * Path of the first field of a document that the tree does not hold; undefined where it holds all. Names in `ignored` at
 * the top count as held.
 */
export function fieldOutside(
  tree: FieldTree,
  document: Buffer,
  at = 0,
  ignored: ReadonlySet<string> = new Set(),
  prefix = '',
): string | undefined {
  for (const element of elementsOf(document, at)) {
    const name = nameOf(element);
    if (ignored.has(name)) continue;
    const inner = tree.get(name);
    const path = `${prefix}${name}`;
    if (inner === undefined) return path;
    const outside = inner === 'whole' ? undefined : valueOutside(inner, element, path);
    if (outside !== undefined) return outside;
  }
  return undefined;
}

/** A path leads through lists as through documents (MongoDB manual, "Query an Array of Embedded Documents"). */
function valueOutside(tree: FieldTree, element: RawElement, path: string): string | undefined {
  const { bytes, type, valueStart } = element;
  if (type === bsonType.document) return fieldOutside(tree, bytes, valueStart, undefined, `${path}.`);
  if (type !== bsonType.array) return path;
  for (const item of elementsOf(bytes, valueStart)) {
    const outside = valueOutside(tree, item, path);
    if (outside !== undefined) return outside;
  }
  return undefined;
}
