import { KeyportError } from '@keyport/contracts';
import { asBuffer, documentOf, joinDocument, readExactly, type RawElement } from '@keyport/mongo';
import { BSON } from 'bson';

/** Where a scan goes on. */
export interface ScanPosition {
  readonly collectionName: string;
  /** `_id` of the last record given, in its own BSON type. */
  readonly after: unknown;
  /** Bytes of a record, as given so far. */
  readonly averageBytes: number;
}

/** A cursor is BSON, so that `_id` keeps its type: `{_id, c, a}`. */
export function cursorOf(lastId: RawElement, collectionName: string, averageBytes: number): Uint8Array {
  const rest = BSON.serialize({ c: collectionName, a: averageBytes });
  return joinDocument([documentOf(lastId).subarray(4, -1), rest.subarray(4, -1)]);
}

/** Throws CURSOR_INVALID, also where it belongs to another collection: the dataset was deleted and made anew. */
export function positionOf(cursor: Uint8Array, collectionName: string): ScanPosition {
  const { _id, c, a } = readCursor(cursor);
  const averageBytes = Number(a);
  if (_id === undefined || c !== collectionName || !(averageBytes >= 1)) throw new KeyportError('CURSOR_INVALID');
  return { collectionName, after: _id, averageBytes };
}

function readCursor(cursor: Uint8Array): BSON.Document {
  try {
    return readExactly(asBuffer(cursor));
  } catch (cause) {
    throw new KeyportError('CURSOR_INVALID', {}, { cause });
  }
}
