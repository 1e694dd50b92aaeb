import { crc32 } from 'node:zlib';

/** 2^53 less 2^32: sums below it stay exact integers. */
const modulus = 2 ** 53 - 2 ** 32;

/**
 * A number that stands for a set of order rows in any order. Every row and value counts; what may differ is the `_id`
 * that a server adds and how a date is spelled (`{"$date": …}` or a plain string).
 */
export class RowDigest {
  rows = 0;
  sum = 0;

  add(line: string): void {
    const row = JSON.parse(line) as { _id?: unknown; placedAt: string | { $date: string } };
    delete row._id;
    const { placedAt, ...rest } = row;
    const moment = Date.parse(typeof placedAt === 'string' ? placedAt : placedAt.$date);
    this.rows += 1;
    this.sum = (this.sum + crc32(JSON.stringify({ ...rest, moment }))) % modulus;
  }
}
