import { bsonType, firstElement } from '@keyport/mongo';
import type { ChunkRow } from './chunk.ts';
import type { WriteRequest } from './pending-chunk.ts';

/** Of the twelve bytes of an `_id` that an import made: its own id; the others number the row. */
const sourceBytes = 8;

/** True where the row came without `_id`: it was made for it. */
export function hasMadeId({ bytes, start }: ChunkRow, { source, hasOwnIds }: WriteRequest): boolean {
  if (!hasOwnIds) return true;
  const id = firstElement(bytes, start);
  if (id?.type !== bsonType.objectId) return false;
  return bytes.toString('hex', id.valueStart, id.valueStart + sourceBytes) === source;
}
