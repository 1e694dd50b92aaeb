import * as bson from './bson-types.ts';

/** Raw bytes of one value, without type and name. A view. */
export interface BsonElement {
  type: number;
  bytes: Uint8Array;
}

export function readInt32(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** Where the value of a type that begins at `at` ends. */
export function skipValue(bytes: Uint8Array, type: number, at: number): number {
  switch (type) {
    case bson.DOUBLE:
    case bson.DATE:
    case bson.TIMESTAMP:
    case bson.INT64:
      return at + 8;
    case bson.STRING:
    case bson.CODE:
    case bson.SYMBOL:
      return at + 4 + readInt32(bytes, at);
    case bson.DOCUMENT:
    case bson.ARRAY:
    case bson.CODE_WITH_SCOPE:
      return at + readInt32(bytes, at);
    case bson.BINARY:
      return at + 5 + readInt32(bytes, at);
    case bson.OBJECT_ID:
      return at + 12;
    case bson.BOOLEAN:
      return at + 1;
    case bson.REGEX:
      return skipName(bytes, skipName(bytes, at));
    case bson.DB_POINTER:
      return at + 4 + readInt32(bytes, at) + 12;
    case bson.INT32:
      return at + 4;
    case bson.DECIMAL128:
      return at + 16;
    case bson.UNDEFINED:
    case bson.NULL:
    case bson.MIN_KEY:
    case bson.MAX_KEY:
      return at;
    default:
      throw new RangeError(`BSON type ${type} at byte ${at} is unknown`);
  }
}

/** Behind the NUL of a name that begins at `at`. */
export function skipName(bytes: Uint8Array, at: number): number {
  let end = at;
  while (bytes[end]! > 0) end++;
  return end + 1;
}

/** Behind the document that begins at `at`; throws where it does not fit. */
export function documentEnd(bytes: Uint8Array, at: number): number {
  const length = at + 5 <= bytes.length ? readInt32(bytes, at) : 0;
  if (length < 5 || at + length > bytes.length) throw new RangeError(`there is no whole BSON document at byte ${at}`);
  return at + length;
}

/** The number of documents in a row of them. */
export function countDocuments(documents: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < documents.length; at = documentEnd(documents, at)) count++;
  return count;
}

/** Views of the single documents. */
export function splitDocuments(documents: Uint8Array): Uint8Array[] {
  const views: Uint8Array[] = [];
  for (let at = 0; at < documents.length;) {
    const end = documentEnd(documents, at);
    views.push(documents.subarray(at, end));
    at = end;
  }
  return views;
}

/** The raw value of a field by dotted path; names only, so an array's elements go by `0`, `1` and so on. */
export function elementOf(document: Uint8Array, path: string): BsonElement | undefined {
  let bytes = document;
  let element: BsonElement | undefined;
  for (const name of path.split('.')) {
    if (element && element.type !== bson.DOCUMENT && element.type !== bson.ARRAY) return undefined;
    element = fieldOf(bytes, name);
    if (!element) return undefined;
    bytes = element.bytes;
  }
  return element;
}

function fieldOf(document: Uint8Array, name: string): BsonElement | undefined {
  const wanted = Buffer.from(name);
  let at = 4;
  for (let type = document[at]!; type > 0; type = document[at]!) {
    const nameAt = at + 1;
    const valueAt = skipName(document, nameAt);
    const end = skipValue(document, type, valueAt);
    if (valueAt - 1 - nameAt === wanted.length && isAt(document, nameAt, wanted)) {
      return { type, bytes: document.subarray(valueAt, end) };
    }
    at = end;
  }
  return undefined;
}

function isAt(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  for (let i = 0; i < wanted.length; i++) if (bytes[at + i] !== wanted[i]) return false;
  return true;
}
