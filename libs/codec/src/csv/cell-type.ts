import { INT32 } from '../bson/bson-types.ts';
import type { ByteSink } from '../bson/byte-sink.ts';
import * as stored from '../stored-types/stored-type.ts';
import { OUT_OF_RANGE, writeTextAs } from '../stored-types/text-to-bson.ts';
import { writeLossless } from './lossless-cell.ts';

/** Writes a cell's text and returns its BSON type, MISMATCH or OUT_OF_RANGE. The text may lie in the sink, as for `writeTextAs`. */
export type CellWriter = (bytes: Buffer, start: number, end: number, sink: ByteSink) => number;

/** What the cells of a column become. */
export interface CellType {
  /** For messages. */
  name: string;
  /** Undefined where every cell is text. */
  write: CellWriter | undefined;
  /** What `write` does not take is text, and so is an empty cell. */
  orText: boolean;
}

export const textCell: CellType = { name: 'string', write: undefined, orText: true };

/**
 * A number or boolean only where writing it out gives the same text again; else text. The text of a Long or an int32
 * survives always, that of a double where it is the shortest that names it.
 */
export const losslessCell: CellType = { name: 'lossless', write: writeLossless, orText: true };

export function storedCell(type: number, name: string = stored.storedTypeName(type)): CellType {
  if (type === stored.AS_STRING) return textCell;
  const write: CellWriter = (bytes, start, end, sink) => writeTextAs(type, bytes, start, end, sink);
  return { name, write, orText: false };
}

/** Unlike the stored type `int`, which widens where it must. */
export const int32Cell: CellType = {
  name: 'int32',
  write: (bytes, start, end, sink) => {
    const written = writeTextAs(stored.AS_INT, bytes, start, end, sink);
    return written > 0 && written !== INT32 ? OUT_OF_RANGE : written;
  },
  orText: false,
};
