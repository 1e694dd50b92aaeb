import type { ByteSink } from '../bson/byte-sink.ts';
import type { JsonCursor } from './json-cursor.ts';
import { readString } from './json-string.ts';
import type { Shape } from './key-shapes.ts';

/** Fields of a DBRef, which is a plain document (Extended JSON v2, "DBRef"). */
const dbRefNames = new Set(['$ref', '$id', '$db']);

/** Type byte and name, where the next name is the likely one. */
export function readKnownName(cursor: JsonCursor, sink: ByteSink, shape: Shape): Shape | undefined {
  const { src, at } = cursor;
  const { likely } = shape;
  if (likely === undefined) return undefined;
  const { key } = likely;
  const { length } = key;
  sink.reserve(length + 1);
  const out = sink.bytes;
  const to = sink.length + 1;
  let i = 0;
  while (i < length && src[at + i] === key[i]) {
    out[to + i] = key[i]!;
    i++;
  }
  const found = i === length ? likely : shape.find(src, at);
  if (found === undefined) return undefined;
  if (found !== likely) {
    sink.reserve(found.key.length + 1);
    sink.bytes.set(found.key, to);
  }
  sink.length = to + found.key.length;
  // In place of the closing quote.
  sink.bytes[sink.length - 1] = 0;
  cursor.at = at + found.key.length;
  return found;
}

/** Type byte and name, read and checked letter by letter. `anyName` takes all that BSON can hold. */
export function readNewName(cursor: JsonCursor, sink: ByteSink, dbRef: boolean, anyName: boolean): string {
  sink.reserve(1);
  const at = ++sink.length;
  readString(cursor, sink);
  const name = sink.bytes.toString('utf8', at, sink.length);
  sink.bytes[sink.length++] = 0;
  if (!anyName && name.startsWith('$') && !(dbRef && dbRefNames.has(name))) {
    cursor.fail('INVALID_FIELD_NAME', 'A field name may not begin with $ outside an Extended JSON wrapper.', name);
  }
  if (!anyName && name.includes('.')) cursor.fail('INVALID_FIELD_NAME', 'A field name may not hold a dot.', name);
  if (name.includes('\0')) cursor.fail('INVALID_FIELD_NAME', 'A field name may not hold a NUL.', name);
  return name;
}

/** Undefined where the name became a shape; else the names so far, to look for doubled ones in. */
export function namesUnlessAdded(
  cursor: JsonCursor,
  shape: Shape,
  name: string,
  top: boolean,
  escaped: boolean,
): Set<string> | undefined {
  if (shape.hasName(name)) refuseDoubled(cursor, name);
  return !escaped && shape.add(name, top && name === '_id') ? undefined : shape.names();
}

export function refuseDoubled(cursor: JsonCursor, name: string): never {
  return cursor.fail('DUPLICATE_FIELD', 'The object has this field twice.', name);
}
