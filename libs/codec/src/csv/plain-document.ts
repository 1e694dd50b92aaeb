import { Decimal128, ObjectId } from 'bson';
import * as bson from '../bson/bson-types.ts';
import { readInt32, skipName, skipValue } from '../bson/bson-walk.ts';

/** A document made of a CSV row as the plain value that a JSON Schema speaks about. */
export function plainDocument(document: Uint8Array, withId: boolean): Record<string, unknown> {
  const bytes = Buffer.from(document.buffer, document.byteOffset, document.byteLength);
  const row = plainFields(bytes, 0);
  if (!withId) delete row._id;
  return row;
}

function plainFields(bytes: Buffer, start: number): Record<string, unknown> {
  const entries: [string, unknown][] = [];
  let at = start + 4;
  for (let type = bytes[at]!; type !== 0; type = bytes[at]!) {
    const valueAt = skipName(bytes, at + 1);
    entries.push([bytes.toString('utf8', at + 1, valueAt - 1), plainValue(bytes, type, valueAt)]);
    at = skipValue(bytes, type, valueAt);
  }
  // Not by assignment: a column may be named __proto__.
  return Object.fromEntries(entries);
}

function plainValue(bytes: Buffer, type: number, at: number): unknown {
  switch (type) {
    case bson.STRING:
      return bytes.toString('utf8', at + 4, at + 3 + readInt32(bytes, at));
    case bson.INT32:
      return bytes.readInt32LE(at);
    case bson.INT64:
      return Number(bytes.readBigInt64LE(at));
    case bson.DOUBLE:
      return bytes.readDoubleLE(at);
    case bson.BOOLEAN:
      return bytes[at] === 1;
    case bson.DATE:
      return new Date(Number(bytes.readBigInt64LE(at))).toISOString();
    case bson.OBJECT_ID:
      return new ObjectId(bytes.subarray(at, at + 12)).toHexString();
    case bson.DECIMAL128:
      return new Decimal128(bytes.subarray(at, at + 16)).toString();
    case bson.BINARY:
      return bytes.toString('base64', at + 5, at + 5 + readInt32(bytes, at));
    case bson.DOCUMENT:
      return plainFields(bytes, at);
    default:
      return null;
  }
}
