import { randomInt } from 'node:crypto';

/** 22 of the last 32 bits are chance; the ten before them count the milliseconds of the second. */
const chanceBits = 22;

/**
 * Eight bytes as hex that sort by time: seconds since the epoch, as an ObjectId begins, then the millisecond, then chance.
 * Two of one millisecond may clash: the index of `_id` makes sure, and a clash asks for another one.
 */
export function newJobId(nowMs = Date.now()): string {
  const id = Buffer.alloc(8);
  id.writeUInt32BE(Math.floor(nowMs / 1000));
  id.writeUInt32BE((nowMs % 1000) * 2 ** chanceBits + randomInt(2 ** chanceBits), 4);
  return id.toString('hex');
}
