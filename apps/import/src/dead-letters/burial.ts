import { createHash } from 'node:crypto';
import type { EventProblem, PublishedEvent } from '../ingest/published-event.ts';
import { datasetOf, maxEventBytes, type EventName } from '../ingest/record-event.ts';
import { describable, maxRawBytes } from '../rejects/reject-details.ts';
import type { StoredDeadLetter } from './dead-letter.model.ts';
import type { DeadLetterTotals } from './dead-letter-totals.model.ts';

/** An event that cannot be written. */
export interface Letter {
  readonly published: PublishedEvent;
  readonly problem: EventProblem;
  /** Undefined where it could not be read. */
  readonly name: EventName | undefined;
}

export type NewLetter = Omit<StoredDeadLetter, '_id' | 'raw' | 'replays'> & { readonly raw: Uint8Array };

/** What is kept of a subject. */
export interface Held {
  readonly letters: number;
  readonly bytes: number;
}

export interface Burial {
  readonly totals: DeadLetterTotals;
  /** Published again: by their keys. */
  readonly again: readonly NewLetter[];
  readonly added: readonly NewLetter[];
}

export interface BurialState {
  readonly totals: DeadLetterTotals | null;
  /** Keys that there are letters of. */
  readonly known: ReadonlySet<string>;
  readonly held: Held;
  readonly room: Held;
  readonly keepMs: number;
  readonly now: Date;
}

export const keyOf = ({ published, name }: Letter): string =>
  name
    ? createHash('sha256')
        .update(JSON.stringify([published.subject, name.source, name.id]))
        .digest('base64url')
    : `${published.stream}:${published.sequence}`;

/** Counts the letters of one subject that are not counted yet, and keeps those that there is room for. */
export function planBurial(
  letters: readonly Letter[],
  { totals, known, held, room, keepMs, now }: BurialState,
): Burial {
  const fresh = letters.filter(({ published }) => !totals || !isCounted(published, totals));
  const [again, added] = [new Map<string, NewLetter>(), new Map<string, NewLetter>()];
  const expiresAt = new Date(now.getTime() + keepMs);
  const codes = { ...totals?.codes };
  let [count, bytes, notKept] = [held.letters, held.bytes, 0];
  for (const letter of fresh) {
    const { code } = letter.problem;
    codes[code] = (codes[code] ?? 0) + 1;
    const stored = newLetter(letter, { now, expiresAt });
    const before = again.get(stored.key) ?? added.get(stored.key);
    const one = { ...stored, deliveries: (before?.deliveries ?? 0) + 1 };
    if (known.has(stored.key)) again.set(stored.key, one);
    else if (before) added.set(stored.key, one);
    else if (count >= room.letters || bytes >= room.bytes) notKept += 1;
    else {
      count += 1;
      bytes += stored.raw.length;
      added.set(stored.key, one);
    }
  }
  const last = (letters.at(-1) as Letter).published;
  return {
    again: [...again.values()],
    added: [...added.values()],
    totals: {
      ...{ _id: last.subject, dataset: datasetOf(last.subject) ?? null, stream: last.stream, codes, expiresAt },
      lastSequence: fresh.length > 0 || !totals ? last.sequence : totals.lastSequence,
      refused: (totals?.refused ?? 0) + fresh.length,
      notKept: (totals?.notKept ?? 0) + notKept,
    },
  };
}

const isCounted = ({ stream, sequence }: PublishedEvent, totals: DeadLetterTotals) =>
  stream === totals.stream && sequence <= totals.lastSequence;

function newLetter(letter: Letter, { now, expiresAt }: { readonly now: Date; readonly expiresAt: Date }): NewLetter {
  const { published, problem, name } = letter;
  const { subject, stream, sequence, publishedAt, bytes } = published;
  const { path, ...described } = describable({ ...problem });
  const complete = bytes.length <= maxEventBytes;
  return {
    ...{ key: keyOf(letter), dataset: datasetOf(subject) ?? null, subject, stream, sequence, publishedAt },
    ...{ source: name?.source ?? null, eventId: name?.id ?? null, type: name?.type ?? null },
    ...{ eventSubject: name?.subject ?? null, ...described, ...(path !== undefined && { path }) },
    ...{ deliveries: 0, refusedAt: now, expiresAt, bytes: bytes.length, complete },
    raw: complete ? bytes : bytes.subarray(0, maxRawBytes),
  };
}
