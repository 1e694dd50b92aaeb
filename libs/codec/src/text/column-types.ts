import * as bson from '../bson/bson-types.ts';
import { documentEnd } from '../bson/bson-walk.ts';
import { CsvSelection } from './csv-selection.ts';

/** Adds to each column's set, one bit a BSON type, the types of its values in the documents; null is none. */
export function collectColumnTypes(
  documents: Uint8Array,
  columns: readonly string[],
  types: readonly number[],
): number[] {
  const found = columns.map((_, column) => types[column] ?? 0);
  const selection = new CsvSelection(columns);
  for (let at = 0; at < documents.length; at = documentEnd(documents, at)) {
    documentEnd(documents, at);
    selection.select(documents, at);
    for (let column = 0; column < columns.length; column++) {
      const type = selection.types[column]!;
      if (type !== 0 && type !== bson.NULL) found[column]! |= bitOf(type);
    }
  }
  return found;
}

/** Types of BSON are 1 to 19, and 127 and 255 for two that no header names. */
const bitOf = (type: number): number => 1 << (type & 31);
const setOf = (...types: number[]): number => types.reduce((set, type) => set | bitOf(type), 0);

const single = new Map([
  [setOf(bson.DOUBLE), 'double()'],
  [setOf(bson.INT32), 'int32()'],
  [setOf(bson.INT64), 'int64()'],
  [setOf(bson.DECIMAL128), 'decimal()'],
  [setOf(bson.BOOLEAN), 'boolean()'],
  [setOf(bson.OBJECT_ID), 'objectid()'],
  [setOf(bson.DATE), 'date()'],
  [setOf(bson.BINARY), 'binary(base64)'],
]);
const numbers = setOf(bson.DOUBLE, bson.INT32, bson.INT64);
const decimals = numbers | setOf(bson.DECIMAL128);

/** The type of a column that holds values of these types, as `types=header` of an import reads it. */
export function headerTypeOf(types: number): string {
  const one = single.get(types);
  if (one || types === 0) return one ?? 'string()';
  // Of numbers each keeps its value; its type only where no other has the same text.
  if ((types & ~numbers) === 0) return 'auto()';
  return (types & ~decimals) === 0 ? 'decimal()' : 'string()';
}
