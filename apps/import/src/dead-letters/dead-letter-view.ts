import { isUtf8 } from 'node:buffer';
import { shownDeadLetterBytes, type DeadLetter, type WholeDeadLetter } from '@keyport/contracts';
import type { StoredDeadLetter } from './dead-letter.model.ts';

export function viewOf(letter: Omit<StoredDeadLetter, 'raw'>): DeadLetter {
  const { _id: id, dataset, subject, source, eventId, type, eventSubject, code, message, path } = letter;
  const { deliveries, replays, publishedAt, refusedAt, expiresAt, bytes, complete } = letter;
  return {
    ...{ id, dataset, subject, source, eventId, type, eventSubject, code, message },
    ...(path !== undefined && { path }),
    ...{ deliveries, replays, publishedAt: publishedAt.toISOString() },
    ...{ refusedAt: refusedAt.toISOString(), expiresAt: expiresAt.toISOString(), bytes, complete },
  };
}

export function wholeViewOf(letter: StoredDeadLetter): WholeDeadLetter {
  const raw = bytesOf(letter);
  const shown = raw.subarray(0, shownDeadLetterBytes);
  const rawComplete = letter.complete && shown.length === raw.length && isUtf8(raw);
  return { ...viewOf(letter), raw: shown.toString('utf8'), rawComplete };
}

/** What was published. */
export const bytesOf = ({ raw }: Pick<StoredDeadLetter, 'raw'>): Buffer =>
  Buffer.from(raw.buffer.subarray(0, raw.position));
