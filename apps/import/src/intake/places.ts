import { mostMemory } from './import-memory.ts';

/** An import that waits for a place in this process. */
export interface WaitingImport {
  readonly importId: string;
  /** Whose it is. */
  readonly holder: string;
  /** Bytes that it may hold in memory. */
  readonly memory: number;
  /** It had no turn yet. */
  readonly isFresh: boolean;
  /** It has lost holders, and is worked on alone. */
  readonly isSuspect: boolean;
  /** In milliseconds, by the clock of MongoDB. */
  readonly waitsSince: number;
}

/** An import that has a place. */
export interface RunningImport {
  readonly holder: string;
  readonly memory: number;
  /** It is in its first turn, of ordinary length. */
  readonly isFresh: boolean;
  readonly mustBeAlone: boolean;
  /** Told to go already. */
  readonly isLeaving: boolean;
  /** Its turn is over, and it loses nothing, or little, by giving way. */
  readonly mayGiveWay: boolean;
  /** Milliseconds since it got its place. */
  readonly heldMs: number;
  /** Milliseconds for which nothing of its upload came, where it waits for that. */
  readonly idleMs: number;
}

/** An upload for which nothing came for so long has no use of its place while another waits for one. */
const idleAfterMs = 250;

/**
 * The import that gets the next place; undefined where none fits, or none waits. Holders take turns: the one with the
 * fewest imports at work comes first. Of theirs one that had no turn yet goes before those that had, so that a small file
 * waits for no large one; but not where newcomers have half of the memory. And room for one is never given to imports
 * that had their first turn, since those that must unpack their beginning again cannot give way for a while.
 */
export function nextOf(
  waiting: readonly WaitingImport[],
  running: readonly RunningImport[],
  memory: number,
): WaitingImport | undefined {
  if (running.some(({ mustBeAlone }) => mustBeAlone)) return undefined;
  if (waiting.some(({ isSuspect }) => isSuspect)) return running.length > 0 ? undefined : [...waiting].sort(byWait)[0];
  const seasoned = running.filter(({ isFresh }) => !isFresh);
  const kept = memory >= 2 * mostMemory ? mostMemory : 0;
  const allowed = waiting.filter((one) => one.isFresh || fits(one, seasoned, memory - kept));
  const prefersFresh = sumOf(running.filter(({ isFresh }) => isFresh)) < memory / 2;
  const [first] = allowed.sort(
    (one, other) =>
      countOf(running, one) - countOf(running, other) ||
      (prefersFresh ? Number(other.isFresh) - Number(one.isFresh) : 0) ||
      byWait(one, other),
  );
  return first && fits(first, running, memory) ? first : undefined;
}

/**
 * The import that is to go so that one which waits gets a place: one that waits for its upload, else of the holder with
 * most imports at work the one that has had its place longest. `idle`: nothing of it came, so that it may rest.
 */
export function toGiveWay<Run extends RunningImport>(
  waiting: readonly WaitingImport[],
  running: readonly Run[],
  memory: number,
): { readonly run: Run; readonly idle: boolean } | undefined {
  const staying = running.filter(({ isLeaving }) => !isLeaving);
  // A place is free, or will be once those that were told to go have gone.
  if (waiting.length === 0 || nextOf(waiting, staying, memory)) return undefined;
  const [idle] = staying.filter(({ idleMs }) => idleMs > idleAfterMs).sort((one, other) => other.idleMs - one.idleMs);
  if (idle) return { run: idle, idle: true };
  const [longest] = staying
    .filter(({ mayGiveWay, mustBeAlone }) => mayGiveWay && !mustBeAlone)
    .sort((one, other) => countOf(staying, other) - countOf(staying, one) || other.heldMs - one.heldMs);
  return longest && { run: longest, idle: false };
}

/** One runs in any case, however little memory there is. */
const fits = ({ memory }: WaitingImport, beside: readonly RunningImport[], room: number): boolean =>
  beside.length === 0 || sumOf(beside) + memory <= room;

const sumOf = (running: readonly RunningImport[]): number => running.reduce((sum, { memory }) => sum + memory, 0);

const countOf = (running: readonly RunningImport[], { holder }: { readonly holder: string }): number =>
  running.filter((one) => one.holder === holder).length;

const byWait = (one: WaitingImport, other: WaitingImport): number => one.waitsSince - other.waitsSince;
