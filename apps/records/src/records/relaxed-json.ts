import { bsonType, elementsOf, nameOf, valuesOf, type RawElement } from '@keyport/mongo';
import { EJSON, Long } from 'bson';

/**
 * A document as relaxed Extended JSON v2 text, from its bytes: fields in stored order, whatever their names. A 64-bit
 * integer that a JSON reader's double could not hold stays in its canonical form.
 */
export function relaxedJson(document: Buffer): string {
  return members(document, 0, false);
}

function members(bytes: Buffer, at: number, isArray: boolean): string {
  const parts: string[] = [];
  for (const element of elementsOf(bytes, at)) {
    parts.push(isArray ? text(element) : `${JSON.stringify(nameOf(element))}:${text(element)}`);
  }
  return isArray ? `[${parts.join(',')}]` : `{${parts.join(',')}}`;
}

function text(element: RawElement): string {
  const { bytes, type, valueStart } = element;
  if (type === bsonType.document) return members(bytes, valueStart, false);
  if (type === bsonType.array) return members(bytes, valueStart, true);
  const [value] = valuesOf([element]);
  const isExact = !(value instanceof Long) || Number.isSafeInteger(value.toNumber());
  return EJSON.stringify(value, { relaxed: isExact });
}
