import { KeyportError } from '@keyport/contracts';

/** What went wrong so far with the event that its dataset's next ones wait for. */
export interface Failures {
  readonly sequence: number;
  /** Times that a service did not answer. */
  readonly away: number;
  /** Times that something else went wrong. */
  readonly unexpected: number;
  /** It failed too often. */
  readonly isGivenUp?: boolean;
}

export type NextTry = { readonly kind: 'again'; readonly inMs: number } | { readonly kind: 'give up' };

/** Tries of an event that fails for no known reason; with their pauses, 20 s. */
export const triesOfUnexpected = 5;
const longestPauseMs = 10_000;

/** Import lacks a right, which is no fault of the event: a key not seen yet, or an operator who will find out. */
const isRight = ({ status }: KeyportError) => status === 401 || status === 403;

/** Asking again would bring the same answer. */
export const isFinal = (error: unknown): error is KeyportError =>
  error instanceof KeyportError && error.status < 500 && !isRight(error);

/** It will be over by itself, sooner or later. */
export const isAway = (error: unknown): boolean =>
  error instanceof KeyportError && (error.status === 503 || error.status === 504 || isRight(error));

export function countFailure(before: Failures | undefined, sequence: number, error: unknown): Failures {
  const { away, unexpected } = before?.sequence === sequence ? before : { away: 0, unexpected: 0 };
  return isAway(error) ? { sequence, unexpected, away: away + 1 } : { sequence, away, unexpected: unexpected + 1 };
}

/** After the given failure, which is counted already. */
export function nextTry({ away, unexpected }: Failures, error: unknown): NextTry {
  if (isAway(error)) return { kind: 'again', inMs: Math.min(250 * 2 ** (away - 1), longestPauseMs) };
  if (unexpected >= triesOfUnexpected) return { kind: 'give up' };
  return { kind: 'again', inMs: 500 * 3 ** (unexpected - 1) };
}

/** For the log: where it failed, without the message, which may hold data of the event. */
export function describeFailure(error: unknown) {
  if (error instanceof KeyportError) return { error: error.code, reason: error.message };
  if (!(error instanceof Error)) return { error: typeof error };
  const frames = (error.stack ?? '').split('\n').filter((line) => /^ {4}at \S/.test(line));
  return { error: error.name, frames };
}
