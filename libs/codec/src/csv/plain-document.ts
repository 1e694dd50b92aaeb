import { Decimal128, ObjectId } from 'bson';
import * as bson from '../bson/bson-types.ts';
import { readInt32, skipName, skipValue } from '../bson/bson-walk.ts';
import { textOfDate, type TextFields } from '../schema/json-form.ts';

/** A document made of a CSV row as the plain value that a JSON Schema speaks about. */
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
    const value =
      type === bson.DOCUMENT
        ? plainFields(bytes, valueAt, path, textFields)
        : plainValue(bytes, type, valueAt, textFields?.has(path));
    entries.push([name, value]);
    at = skipValue(bytes, type, valueAt);
  }
  // Not by assignment: a column may be named __proto__.
  return Object.fromEntries(entries);
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
    default:
      return null;
  }
}
