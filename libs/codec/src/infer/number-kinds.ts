import { Decimal128 } from 'bson';
import { DECIMAL128, DOUBLE, INT32, INT64 } from '../bson/bson-types.ts';

/** Which numbers a field had. */
export class NumberKinds {
  count = 0;
  longs = 0;
  /** Longs that a double cannot hold. */
  bigLongs = 0;
  doubles = 0;
  decimals = 0;
  /** NaN and the infinities, which JSON does not have. */
  notFinite = 0;

  /** False where the type is none of a number. */
  add(bytes: Buffer, type: number, at: number): boolean {
    switch (type) {
      case INT32:
        break;
      case INT64: {
        this.longs++;
        if (!Number.isSafeInteger(Number(bytes.readBigInt64LE(at)))) this.bigLongs++;
        break;
      }
      case DOUBLE:
        this.doubles++;
        if (!Number.isFinite(bytes.readDoubleLE(at))) this.notFinite++;
        break;
      case DECIMAL128:
        this.decimals++;
        if (!Number.isFinite(Number(new Decimal128(bytes.subarray(at, at + 16)).toString()))) this.notFinite++;
        break;
      default:
        return false;
    }
    this.count++;
    return true;
  }
}
