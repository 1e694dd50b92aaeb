import { KeyportError } from '@keyport/contracts';
import { asBuffer, readExactly } from '@keyport/mongo';
import { BSON } from 'bson';

/** Where a sorted scan goes on. */
export interface OrderPosition {
  readonly order: string;
  /** Number of the next record within the order, and how many there are. */
  readonly next: number;
  readonly total: number;
  /** Bytes of a record, as given so far. */
  readonly averageBytes: number;
}

export const orderPositionBytes = ({ order, next, total, averageBytes }: OrderPosition): Uint8Array =>
  BSON.serialize({ o: order, n: next, t: total, a: averageBytes });

/** Throws CURSOR_INVALID, also where it is of a scan in the order of `_id`. */
export function orderPositionOf(bytes: Uint8Array): OrderPosition {
  const { o: order, n, t, a } = readExactly(asBuffer(bytes));
  if (typeof order !== 'string') throw new KeyportError('CURSOR_INVALID');
  return { order, next: Number(n), total: Number(t), averageBytes: Number(a) };
}
