import { Timestamp } from 'bson';

/**
 * The cluster time of a resume token. Its `_data` is a KeyString in hexadecimal that begins with the time: 82, four bytes
 * of seconds, four of a counter (MongoDB source, `resume_token.h`, `key_string.h`; so since 4.2). A token that stands for
 * a moment, not for a change, says that everything before that moment has been given.
 */
export function timeOfToken(token: unknown): Timestamp {
  const data = (token as { readonly _data?: unknown } | null)?._data;
  const parts = typeof data === 'string' ? /^82([0-9A-F]{8})([0-9A-F]{8})/i.exec(data) : null;
  if (!parts) throw new Error('a resume token of an unknown form');
  return new Timestamp({ t: Number.parseInt(parts[1] ?? '', 16), i: Number.parseInt(parts[2] ?? '', 16) });
}

/** The first moment behind. */
export const justAfter = (time: Timestamp): Timestamp => new Timestamp(time.toBigInt() + 1n);

export const isBefore = (one: Timestamp, other: Timestamp): boolean => one.toBigInt() < other.toBigInt();

export const later = (one: Timestamp, other: Timestamp): Timestamp => (isBefore(one, other) ? other : one);

/** The start of a second; of a date in milliseconds. */
export const timeAt = (ms: number): Timestamp => new Timestamp({ t: Math.max(0, Math.floor(ms / 1000)), i: 0 });
