import { KeyportError } from '@keyport/contracts';
import { asBuffer, documentOf, joinDocument, readExactly, type RawElement } from '@keyport/mongo';
import { BSON } from 'bson';

/** Where a scan goes on. */
export interface ScanPosition {
  readonly collectionName: string;
  /** `_id` of the last record looked at, in its own BSON type. */
  readonly after: unknown;
  /** Bytes of a record, as given so far; undefined where none was. */
  readonly averageBytes: number | undefined;
  /** Records that the next page may look at, where not all are shown. */
  readonly window: number | undefined;
}

type Next = Omit<ScanPosition, 'after' | 'averageBytes' | 'window'> & {
  readonly averageBytes: number;
  readonly window?: number | undefined;
};

/** The position behind a record, as BSON, so that `_id` keeps its type: `{_id, c, a, w}`. */
export function positionBytes(lastId: RawElement, { collectionName, averageBytes, window }: Next): Buffer {
  const rest = BSON.serialize({ c: collectionName, a: averageBytes, ...(window !== undefined && { w: window }) });
  return joinDocument([documentOf(lastId).subarray(4, -1), rest.subarray(4, -1)]);
}

/** Throws CURSOR_INVALID, also where it belongs to another collection: the dataset was deleted and made anew. */
export function positionOf(bytes: Uint8Array, collectionName: string): ScanPosition {
  const { _id, c, a, w } = readPosition(bytes);
  const averageBytes = Number(a);
  const window = w === undefined ? undefined : Number(w);
  if (_id === undefined || c !== collectionName || !(averageBytes >= 1)) throw new KeyportError('CURSOR_INVALID');
  if (window !== undefined && !(Number.isInteger(window) && window >= 1)) throw new KeyportError('CURSOR_INVALID');
  return { collectionName, after: _id, averageBytes, window };
}

function readPosition(bytes: Uint8Array): BSON.Document {
  try {
    return readExactly(asBuffer(bytes));
  } catch (cause) {
    throw new KeyportError('CURSOR_INVALID', {}, { cause });
  }
}
