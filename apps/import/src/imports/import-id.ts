import { randomInt } from 'node:crypto';

/** 22 of the last 32 bits are chance; the ten before them count the milliseconds of the second. */
const chanceBits = 22;

/**
 * Eight bytes that sort by time: seconds since the epoch, as an ObjectId begins, then the millisecond, then chance. The
 * `_id`s of the rows are made from them, so they must be unique for ever: an index makes sure, and a clash asks for
 * another one.
 */
export function newImportId(nowMs = Date.now()): string {
  const id = Buffer.alloc(8);
  id.writeUInt32BE(Math.floor(nowMs / 1000));
  id.writeUInt32BE((nowMs % 1000) * 2 ** chanceBits + randomInt(2 ** chanceBits), 4);
  return id.toString('hex');
}

/** First eight bytes of the `_id` of every row of this import that brings none. */
export const idPrefixOf = (importId: string): Uint8Array => Buffer.from(importId, 'hex');
