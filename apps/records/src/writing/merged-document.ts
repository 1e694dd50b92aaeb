import { bsonType, elementsOf, embedded, joinDocument, nameOf, type RawElement } from '@keyport/mongo';
import type { FieldTree } from '../limits/field-tree.ts';

/** MongoDB's limit for a document; a command that holds a larger one is refused as a whole. */
export const maxDocumentBytes = 16 * 1024 * 1024;

/** Where documents cannot be joined: the stored field has another shape than the new one. */
export interface MergeConflict {
  readonly path: string;
}

/**
 * The stored document with the fields of another one, all of them inside the tree: those take the place of its own, all
 * others stay, `_id` too. Of a list of which only parts are inside the tree nothing can be replaced: a different one is a
 * conflict.
 */
export function mergedDocument(stored: Buffer, added: Buffer, tree: FieldTree): Buffer | MergeConflict {
  const conflicts: MergeConflict[] = [];
  const withoutId = new Map([...tree].filter(([name]) => name !== '_id'));
  const elements = mergedElements(elementsOf(stored), elementsOf(added), { tree: withoutId, prefix: '', conflicts });
  return conflicts[0] ?? joinDocument(elements);
}

/** The stored document with all fields of another one but `_id` in place of its own, each of them whole. */
export function withFieldsOf(stored: Buffer, added: Buffer): Buffer {
  const tree = new Map([...elementsOf(added)].map((element) => [nameOf(element), 'whole'] as const));
  const document = mergedDocument(stored, added, tree);
  if ('path' in document) throw new Error('fields that are taken whole cannot conflict');
  return document;
}

interface Merging {
  readonly tree: FieldTree;
  readonly prefix: string;
  readonly conflicts: MergeConflict[];
}

function mergedElements(stored: Iterable<RawElement>, added: Iterable<RawElement>, merging: Merging): Buffer[] {
  const { tree, prefix } = merging;
  const rest = new Map([...added].filter((element) => tree.has(nameOf(element))).map((one) => [nameOf(one), one]));
  const kept: Buffer[] = [];
  for (const element of stored) {
    const name = nameOf(element);
    const replacement = rest.get(name);
    const inner = tree.get(name);
    rest.delete(name);
    if (!replacement || inner === undefined) kept.push(bytesOf(element));
    else if (inner === 'whole') kept.push(bytesOf(replacement));
    else kept.push(mergedElement(element, replacement, { ...merging, tree: inner, prefix: `${prefix}${name}` }));
  }
  return [...kept, ...[...rest.values()].map(bytesOf)];
}

function mergedElement(stored: RawElement, replacement: RawElement, merging: Merging): Buffer {
  if (bytesOf(stored).equals(bytesOf(replacement))) return bytesOf(stored);
  const { prefix, conflicts } = merging;
  if (stored.type !== bsonType.document || replacement.type !== bsonType.document) {
    conflicts.push({ path: prefix });
    return bytesOf(stored);
  }
  const inside = mergedElements(
    elementsOf(stored.bytes, stored.valueStart),
    elementsOf(replacement.bytes, replacement.valueStart),
    { ...merging, prefix: `${prefix}.` },
  );
  return embedded(nameOf(stored), joinDocument(inside));
}

const bytesOf = ({ bytes, start, end }: RawElement): Buffer => bytes.subarray(start, end);
