import { Decimal128, ObjectId } from 'bson';
import * as bson from '../bson/bson-types.ts';
import { readInt32, skipName, skipValue } from '../bson/bson-walk.ts';
import { bsonToNdjson } from '../text/bson-to-json.ts';
import { textOfDate, type TextFields } from '../schema/json-form.ts';

/**
 * A document as the plain value that a JSON Schema speaks about: what its row, as Extended JSON, is to `plainValues`; null
 * for `undefined`, which JSON does not have.
 */
export function plainDocument(
  document: Uint8Array,
  withId: boolean,
  textFields: TextFields | undefined,
): Record<string, unknown> {
  const bytes = Buffer.from(document.buffer, document.byteOffset, document.byteLength);
  const row = plainFields(bytes, 0, '', textFields);
  if (!withId) delete row._id;
  return row;
}

function plainFields(
  bytes: Buffer,
  start: number,
  parent: string,
  textFields: TextFields | undefined,
): Record<string, unknown> {
  const entries: [string, unknown][] = [];
  let at = start + 4;
  for (let type = bytes[at]!; type !== 0; type = bytes[at]!) {
    const valueAt = skipName(bytes, at + 1);
    const name = bytes.toString('utf8', at + 1, valueAt - 1);
    const path = parent === '' ? name : `${parent}.${name}`;
    entries.push([name, nestedValue(bytes, type, valueAt, path, textFields)]);
    at = skipValue(bytes, type, valueAt);
  }
  // Not by assignment: a column may be named __proto__.
  return Object.fromEntries(entries);
}

function nestedValue(
  bytes: Buffer,
  type: number,
  at: number,
  path: string,
  textFields: TextFields | undefined,
): unknown {
  if (type === bson.DOCUMENT) return plainFields(bytes, at, path, textFields);
  if (type === bson.ARRAY) return plainItems(bytes, at, path, textFields);
  return plainValue(bytes, type, at, textFields?.has(path));
}

function plainItems(bytes: Buffer, start: number, path: string, textFields: TextFields | undefined): unknown[] {
  const items: unknown[] = [];
  let at = start + 4;
  for (let type = bytes[at]!; type !== 0; type = bytes[at]!) {
    const valueAt = skipName(bytes, at + 1);
    items.push(nestedValue(bytes, type, valueAt, path, textFields));
    at = skipValue(bytes, type, valueAt);
  }
  return items;
}

/** What JSON has no form for stands as its wrapper. */
function wrapped(bytes: Buffer, type: number, at: number): unknown {
  const value = bytes.subarray(at, skipValue(bytes, type, at));
  const document = Buffer.concat([Buffer.alloc(4), Buffer.of(type), Buffer.from('v\0'), value, Buffer.of(0)]);
  document.writeInt32LE(document.length, 0);
  const text = Buffer.from(bsonToNdjson(document, { ejson: 'canonical' })).toString();
  return (JSON.parse(text) as { v: unknown }).v;
}

function plainValue(bytes: Buffer, type: number, at: number, asText: boolean | undefined): unknown {
  switch (type) {
    case bson.STRING:
      return bytes.toString('utf8', at + 4, at + 3 + readInt32(bytes, at));
    case bson.INT32:
      return bytes.readInt32LE(at);
    case bson.INT64: {
      const value = bytes.readBigInt64LE(at);
      return asText ? String(value) : Number(value);
    }
    case bson.DOUBLE:
      return bytes.readDoubleLE(at);
    case bson.BOOLEAN:
      return bytes[at] === 1;
    case bson.DATE:
      return textOfDate(bytes.readBigInt64LE(at));
    case bson.OBJECT_ID:
      return new ObjectId(bytes.subarray(at, at + 12)).toHexString();
    case bson.DECIMAL128: {
      const text = new Decimal128(bytes.subarray(at, at + 16)).toString();
      return (asText ?? true) ? text : Number(text);
    }
    case bson.BINARY:
      return bytes.toString('base64', at + 5, at + 5 + readInt32(bytes, at));
    case bson.SYMBOL:
      return bytes.toString('utf8', at + 4, at + 3 + readInt32(bytes, at));
    case bson.NULL:
    case bson.UNDEFINED:
      return null;
    default:
      return wrapped(bytes, type, at);
  }
}
