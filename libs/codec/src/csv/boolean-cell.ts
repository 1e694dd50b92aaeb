import { BOOLEAN } from '../bson/bson-types.ts';
import { MISMATCH } from '../stored-types/text-to-bson.ts';
import type { CellType } from './cell-type.ts';

const values = new Map([
  ['true', 1],
  ['1', 1],
  ['false', 0],
  ['0', 0],
]);

/** What mongoimport takes for a boolean: `true` and `false` in any case, `1` and `0`. */
export const booleanCell: CellType = {
  name: 'boolean',
  write: (bytes, start, end, sink) => {
    const value = end - start > 5 ? undefined : values.get(bytes.toString('latin1', start, end).toLowerCase());
    if (value === undefined) return MISMATCH;
    sink.reserve(1);
    sink.bytes[sink.length++] = value;
    return BOOLEAN;
  },
  orText: false,
};
