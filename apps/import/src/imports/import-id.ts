import { randomBytes } from 'node:crypto';

/**
 * Eight bytes: seconds since the epoch, then chance, so that ids sort by time. The `_id`s of the rows are made from
 * them, so they must be unique for ever: an index makes sure, and a clash asks for another one.
 */
export function newImportId(nowMs = Date.now()): string {
  const id = Buffer.alloc(8);
  id.writeUInt32BE(Math.floor(nowMs / 1000));
  randomBytes(4).copy(id, 4);
  return id.toString('hex');
}

/** First eight bytes of the `_id` of every row of this import that brings none. */
export const idPrefixOf = (importId: string): Uint8Array => Buffer.from(importId, 'hex');
