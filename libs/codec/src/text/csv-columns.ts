import { DOCUMENT } from '../bson/bson-types.ts';
import { documentEnd, readInt32, skipName, skipValue } from '../bson/bson-walk.ts';
import { columnPath } from '../csv/column-path.ts';

interface Names {
  names: readonly string[];
  isLeaf: boolean;
  name: Buffer;
  children: Map<string, Names>;
  /** The child that came first last time, and the sibling that came next. */
  firstChild: Names | undefined;
  nextSibling: Names | undefined;
}

/** Adds the paths (`columnPath`) of the documents' leaves, first seen first. Arrays and empty documents are leaves. */
export function collectColumns(documents: Uint8Array, into: Set<string>): void {
  const bytes = Buffer.from(documents.buffer, documents.byteOffset, documents.byteLength);
  const root = namesAt([], Buffer.alloc(0));
  for (let at = 0; at < bytes.length; at = documentEnd(bytes, at)) collectFields(bytes, at, root, into);
}

function collectFields(bytes: Buffer, start: number, under: Names, into: Set<string>): void {
  let at = start + 4;
  let before: Names | undefined;
  for (let type = bytes[at]!; type !== 0; type = bytes[at]!) {
    const valueAt = skipName(bytes, at + 1);
    const field = findField(bytes, at + 1, valueAt - 1, under, before);
    if (type === DOCUMENT && readInt32(bytes, valueAt) > 5) {
      collectFields(bytes, valueAt, field, into);
    } else if (!field.isLeaf) {
      field.isLeaf = true;
      into.add(columnPath(field.names));
    }
    at = skipValue(bytes, type, valueAt);
    before = field;
  }
}

/** The names of an object mostly follow one another as they did in the document before. */
function findField(bytes: Buffer, start: number, end: number, under: Names, before: Names | undefined): Names {
  const likely = before ? before.nextSibling : under.firstChild;
  if (likely && isAt(bytes, start, end, likely.name)) return likely;
  const name = bytes.toString('utf8', start, end);
  let field = under.children.get(name);
  if (!field) {
    field = namesAt([...under.names, name], Buffer.from(bytes.subarray(start, end)));
    under.children.set(name, field);
  }
  if (before) before.nextSibling = field;
  else under.firstChild = field;
  return field;
}

function namesAt(names: readonly string[], name: Buffer): Names {
  return { names, isLeaf: false, name, children: new Map(), firstChild: undefined, nextSibling: undefined };
}

function isAt(bytes: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  if (end - start !== name.length) return false;
  for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name[i]) return false;
  return true;
}
