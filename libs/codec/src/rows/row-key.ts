import * as bson from '../bson/bson-types.ts';
import { type BsonElement, elementOf } from '../bson/bson-walk.ts';
import type { RowProblem } from './row-errors.ts';

const refused = new Set([bson.ARRAY, bson.REGEX, bson.UNDEFINED]);

/**
 * The values of a document's key fields as one text: two texts are equal where MongoDB holds the keys for equal. Numbers
 * go by value whatever their type (int32 1 equals double 1), other values by type and bytes. A Decimal128 equals only
 * the same Decimal128 here.
 */
export function keyOf(document: Uint8Array, fields: readonly string[]): string | RowProblem {
  let key = '';
  for (const path of fields) {
    const element = elementOf(document, path);
    if (!element) return { code: 'MISSING_KEY', message: 'The row lacks a field of the key.', path };
    if (refused.has(element.type)) {
      return { code: 'KEY_TYPE', message: 'A key may not be an array, a regular expression or undefined.', path };
    }
    const part = keyPart(element);
    key += `${part.length}:${part}`;
  }
  return key;
}

function keyPart({ type, bytes }: BsonElement): string {
  const value = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (type) {
    case bson.INT32:
      return `n${value.readInt32LE()}`;
    case bson.INT64:
      return `n${value.readBigInt64LE()}`;
    case bson.DOUBLE: {
      const number = value.readDoubleLE();
      return Number.isInteger(number) ? `n${BigInt(number)}` : `n${number}`;
    }
    default:
      return String.fromCharCode(type === bson.SYMBOL ? bson.STRING : type) + value.toString('latin1');
  }
}
