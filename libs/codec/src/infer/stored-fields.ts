import * as bson from '../bson/bson-types.ts';
import { skipName, skipValue } from '../bson/bson-walk.ts';

/** A field that occurs in documents. */
export interface StoredField {
  /** Dotted path; of what is inside a list nothing is said. */
  path: string;
  /** Aliases of MongoDB's `$type`, in the order in which they occur. */
  types: string[];
  /** In how many documents it occurs. */
  documents: number;
}

/** By element type (https://bsonspec.org/spec.html), the aliases of `$type` in MongoDB's manual. */
const aliases = new Map<number, string>([
  [bson.DOUBLE, 'double'],
  [bson.STRING, 'string'],
  [bson.DOCUMENT, 'object'],
  [bson.ARRAY, 'array'],
  [bson.BINARY, 'binData'],
  [bson.UNDEFINED, 'undefined'],
  [bson.OBJECT_ID, 'objectId'],
  [bson.BOOLEAN, 'bool'],
  [bson.DATE, 'date'],
  [bson.NULL, 'null'],
  [bson.REGEX, 'regex'],
  [bson.DB_POINTER, 'dbPointer'],
  [bson.CODE, 'javascript'],
  [bson.SYMBOL, 'symbol'],
  [bson.CODE_WITH_SCOPE, 'javascriptWithScope'],
  [bson.INT32, 'int'],
  [bson.TIMESTAMP, 'timestamp'],
  [bson.INT64, 'long'],
  [bson.DECIMAL128, 'decimal'],
  [bson.MIN_KEY, 'minKey'],
  [bson.MAX_KEY, 'maxKey'],
]);

/** The fields of BSON documents with the types of their values, in the order in which they occur; `max` of them at most. */
export function storedFields(documents: Iterable<Uint8Array>, max: number): StoredField[] {
  const fields = new Map<string, StoredField>();
  for (const document of documents) addFields(document, 0, { prefix: '', fields, max });
  return [...fields.values()];
}

interface Adding {
  readonly prefix: string;
  readonly fields: Map<string, StoredField>;
  readonly max: number;
}

function addFields(document: Uint8Array, start: number, { prefix, fields, max }: Adding): void {
  const bytes = Buffer.from(document.buffer, document.byteOffset, document.byteLength);
  let at = start + 4;
  for (let type = bytes[at]!; type !== 0; type = bytes[at]!) {
    const valueAt = skipName(bytes, at + 1);
    const path = prefix + bytes.toString('utf8', at + 1, valueAt - 1);
    const known = fields.get(path);
    const field = known ?? { path, types: [], documents: 0 };
    if (!known && fields.size < max) fields.set(path, field);
    const alias = aliases.get(type) ?? 'unknown';
    if (!field.types.includes(alias)) field.types.push(alias);
    field.documents++;
    if (type === bson.DOCUMENT) addFields(bytes, valueAt, { prefix: `${path}.`, fields, max });
    at = skipValue(bytes, type, valueAt);
  }
}
