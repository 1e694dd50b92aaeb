import { KeyportError } from '@keyport/contracts';
import { asBuffer, readExactly } from '@keyport/mongo';
import { BSON, Timestamp } from 'bson';

/** What a client's cursor says: it has all changes of the history up to this number. */
export interface SinceCursor {
  readonly history: string;
  readonly seq: number;
}

/** Where an increment goes on. */
export interface IncrementPosition extends SinceCursor {
  /** Number of the increment's last change. */
  readonly upTo: number;
  /** Records are read as they were then, or later. */
  readonly time: Timestamp;
  /** Bytes of a record, as given so far. */
  readonly averageBytes: number;
}

export const sinceBytes = ({ history, seq }: SinceCursor): Uint8Array => BSON.serialize({ h: history, s: seq });

/** Throws CURSOR_INVALID. */
export function sinceOf(bytes: Uint8Array): SinceCursor {
  const { h, s, u } = readCursor(bytes);
  if (typeof h !== 'string' || u !== undefined) throw new KeyportError('CURSOR_INVALID');
  return { history: h, seq: whole(s) };
}

export const incrementBytes = ({ history, seq, upTo, time, averageBytes }: IncrementPosition): Uint8Array =>
  BSON.serialize({ h: history, s: seq, u: upTo, t: time, a: averageBytes });

/** Throws CURSOR_INVALID. */
export function incrementOf(bytes: Uint8Array): IncrementPosition {
  const { h, s, u, t, a } = readCursor(bytes);
  const averageBytes = Number(a);
  if (typeof h !== 'string' || !(t instanceof Timestamp) || !(averageBytes >= 1))
    throw new KeyportError('CURSOR_INVALID');
  return { history: h, seq: whole(s), upTo: whole(u), time: t, averageBytes };
}

function readCursor(bytes: Uint8Array): BSON.Document {
  try {
    return readExactly(asBuffer(bytes));
  } catch (cause) {
    throw new KeyportError('CURSOR_INVALID', {}, { cause });
  }
}

function whole(value: unknown): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 0) throw new KeyportError('CURSOR_INVALID');
  return number;
}
