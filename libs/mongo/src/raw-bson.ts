/** Element types that matter here (bsonspec.org, version 1.1). */
export const bsonType = {
  double: 0x01,
  string: 0x02,
  document: 0x03,
  array: 0x04,
  binary: 0x05,
  undefined: 0x06,
  objectId: 0x07,
  boolean: 0x08,
  date: 0x09,
  null: 0x0a,
  regex: 0x0b,
  dbPointer: 0x0c,
  code: 0x0d,
  symbol: 0x0e,
  codeWithScope: 0x0f,
  int32: 0x10,
  timestamp: 0x11,
  int64: 0x12,
  decimal128: 0x13,
  minKey: 0xff,
  maxKey: 0x7f,
} as const;

/** An element of a document, as positions in the bytes that hold it: `type`, name, NUL, value. */
export interface RawElement {
  readonly bytes: Buffer;
  readonly type: number;
  /** Position of the type byte. */
  readonly start: number;
  readonly nameEnd: number;
  readonly valueStart: number;
  readonly end: number;
}

/** Thrown where bytes are not BSON. */
export class MalformedBson extends Error {
  override readonly name = 'MalformedBson';
}

/** A view of the same memory with Buffer's methods. */
export const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Where each of the concatenated documents begins, by their length prefixes. Throws {@link MalformedBson}. */
export function documentStarts(bytes: Uint8Array): number[] {
  const all = asBuffer(bytes);
  const starts: number[] = [];
  for (let at = 0; at < all.length; at = documentEnd(all, at)) starts.push(at);
  return starts;
}

/** Cuts concatenated documents apart. The parts share memory with `bytes`. */
export function splitDocuments(bytes: Uint8Array): Buffer[] {
  const all = asBuffer(bytes);
  return documentStarts(all).map((start) => all.subarray(start, start + all.readInt32LE(start)));
}

/** Position behind the document that begins at `at`. */
export function documentEnd(bytes: Buffer, at: number): number {
  // The shortest document is its length and the closing NUL.
  const length = at + 5 <= bytes.length ? bytes.readInt32LE(at) : 0;
  const end = at + length;
  if (length < 5 || end > bytes.length || bytes[end - 1] !== 0) throw new MalformedBson(`no document at byte ${at}`);
  return end;
}

/** Elements of the document (or array) that begins at `at`, in stored order. */
export function* elementsOf(bytes: Buffer, at = 0): Generator<RawElement> {
  const last = documentEnd(bytes, at) - 1;
  for (let position = at + 4; position < last;) {
    const element = elementAt(bytes, position, last);
    yield element;
    position = element.end;
  }
}

/** The first element of the document that begins at `at`, or undefined where it is empty. */
export function firstElement(bytes: Buffer, at = 0): RawElement | undefined {
  const last = documentEnd(bytes, at) - 1;
  return last > at + 4 ? elementAt(bytes, at + 4, last) : undefined;
}

/** A path of field names, ready to be looked up. */
export type RawPath = readonly Buffer[];

/** Splits a path at its dots. */
export const rawPath = (path: string): RawPath => path.split('.').map((name) => Buffer.from(name));

/**
 * The element at a path of the document that begins at `at`, through embedded documents only: where an array lies on
 * the way, the array itself is the answer. Undefined where there is none.
 */
export function elementAtPath(bytes: Buffer, path: RawPath, at = 0): RawElement | undefined {
  let found: RawElement | undefined;
  for (const name of path) {
    if (found && found.type !== bsonType.document) return found.type === bsonType.array ? found : undefined;
    found = elementNamed(bytes, found?.valueStart ?? at, name);
    if (!found) return undefined;
  }
  return found;
}

/** Makes no object for the elements that it passes: this runs for every row and key field. */
function elementNamed(bytes: Buffer, at: number, name: Buffer): RawElement | undefined {
  const last = documentEnd(bytes, at) - 1;
  for (let start = at + 4; start < last;) {
    const nameEnd = endOfName(bytes, start + 1, last);
    const type = bytes[start] ?? 0;
    const end = nameEnd + 1 + valueLength(bytes, type, nameEnd + 1);
    if (end > last) throw new MalformedBson(`no element at byte ${start}`);
    if (isNamed(bytes, start + 1, nameEnd, name)) return { bytes, type, start, nameEnd, valueStart: nameEnd + 1, end };
    start = end;
  }
  return undefined;
}

function isNamed(bytes: Buffer, from: number, to: number, name: Buffer): boolean {
  if (to - from !== name.length) return false;
  for (let index = 0; index < name.length; index += 1) if (bytes[from + index] !== name[index]) return false;
  return true;
}

function endOfName(bytes: Buffer, from: number, limit: number): number {
  let at = from;
  while (at < limit && bytes[at] !== 0) at += 1;
  return at;
}

export const nameOf = ({ bytes, start, nameEnd }: RawElement): string => bytes.toString('utf8', start + 1, nameEnd);

function elementAt(bytes: Buffer, start: number, limit: number): RawElement {
  const nameEnd = endOfName(bytes, start + 1, limit);
  const type = bytes[start] ?? 0;
  const valueStart = nameEnd + 1;
  const end = valueStart + valueLength(bytes, type, valueStart);
  if (end > limit) throw new MalformedBson(`no element at byte ${start}`);
  return { bytes, type, start, nameEnd, valueStart, end };
}

const fixedLengths: Readonly<Record<number, number>> = {
  [bsonType.double]: 8,
  [bsonType.undefined]: 0,
  [bsonType.objectId]: 12,
  [bsonType.boolean]: 1,
  [bsonType.date]: 8,
  [bsonType.null]: 0,
  [bsonType.int32]: 4,
  [bsonType.timestamp]: 8,
  [bsonType.int64]: 8,
  [bsonType.decimal128]: 16,
  [bsonType.minKey]: 0,
  [bsonType.maxKey]: 0,
};

/** What a value that begins with a length has besides the bytes which that length counts. */
const lengthOverheads: Readonly<Record<number, number>> = {
  [bsonType.string]: 4,
  [bsonType.code]: 4,
  [bsonType.symbol]: 4,
  [bsonType.document]: 0,
  [bsonType.array]: 0,
  [bsonType.codeWithScope]: 0,
  [bsonType.binary]: 5,
  [bsonType.dbPointer]: 16,
};

function valueLength(bytes: Buffer, type: number, at: number): number {
  const fixed = fixedLengths[type];
  if (fixed !== undefined) return fixed;
  const overhead = lengthOverheads[type];
  if (overhead !== undefined) {
    const counted = at + 4 <= bytes.length ? bytes.readInt32LE(at) : -1;
    return counted < 0 ? Infinity : counted + overhead;
  }
  if (type !== bsonType.regex) return Infinity;
  const patternEnd = bytes.indexOf(0, at);
  const optionsEnd = patternEnd < 0 ? -1 : bytes.indexOf(0, patternEnd + 1);
  return optionsEnd < 0 ? Infinity : optionsEnd + 1 - at;
}
