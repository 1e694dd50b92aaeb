import { KeyportError, type ErrorCode, type ErrorParams } from '@keyport/contracts';
import { LeaseLostError } from './progress.repository.ts';
import { UploadIdleError } from './spool-reader.ts';

/** Why a run is told to stop. */
export class RunStop extends Error {
  override readonly name = 'RunStop';

  constructor(readonly reason: 'cancelled' | 'idle' | 'lost' | 'paused' | 'shutdown') {
    super(reason);
  }
}

/** Whoever takes the import dies or freezes: nobody else should. */
export class HoldersLostError extends Error {
  override readonly name = 'HoldersLostError';

  constructor(readonly holders: number) {
    super(`${holders} processes in a row died or froze while they held the import`);
  }
}

/** What becomes of an import when a run over it is over. */
export type RunEnding =
  | { readonly kind: 'cancel' }
  | { readonly kind: 'fail'; readonly code: ErrorCode; readonly params: ErrorParams }
  /** Somebody else's now. */
  | { readonly kind: 'drop' }
  /** Given back at once for another process, or to rest while it is paused. */
  | { readonly kind: 'hand back' }
  | { readonly kind: 'set aside' }
  /** `counted`: not the surroundings' fault, so that it must not go on for ever. */
  | { readonly kind: 'try again'; readonly counted: boolean };

/** Runs in a row without getting further, after which an unexpected error ends the import. */
export const maxFailures = 8;

/**
 * Holders in a row that may be lost without getting further. One may have been killed, and all that it held with it;
 * after two the import is a suspect, and is worked on alone, so that it does not make others look like one.
 */
export const suspectAfter = 2;
export const maxLostHolders = 5;

/** What an error during a run means for the import. `failures` counts such errors before this one. */
export function endingOf(error: unknown, failures: number): RunEnding {
  if (error instanceof RunStop) return stops[error.reason];
  if (error instanceof LeaseLostError) return { kind: 'drop' };
  if (error instanceof UploadIdleError) return { kind: 'set aside' };
  if (error instanceof HoldersLostError) return { kind: 'fail', code: 'INTERNAL', params: {} };
  if (!(error instanceof KeyportError)) return again(failures);
  if (unavailable.has(error.code)) return { kind: 'try again', counted: false };
  if (rightsGone.has(error.code)) return { kind: 'fail', code: 'RIGHTS_LOST', params: {} };
  // A service that just started may not have the keys yet; a grant whose key is gone stays refused.
  if (error.code === 'CONTEXT_INVALID') return again(failures, 'RIGHTS_LOST');
  // It may be mended while the import is tried again: an index is made anew, a collection takes rows again.
  if (error.code === 'WRITE_REFUSED') return again(failures, error.code, error.params);
  return error.status < 500 ? { kind: 'fail', code: error.code, params: error.params } : again(failures);
}

const stops = {
  cancelled: { kind: 'cancel' },
  idle: { kind: 'set aside' },
  lost: { kind: 'drop' },
  paused: { kind: 'hand back' },
  shutdown: { kind: 'hand back' },
} as const satisfies Record<RunStop['reason'], RunEnding>;

/** Codes that end an import from outside, at any moment: what was sent meanwhile is counted first. */
export const endsFromOutside: ReadonlySet<string> = new Set(['RIGHTS_LOST', 'QUOTA_EXCEEDED', 'UPLOAD_EXCEEDS_SPOOL']);

/** True where `records` says of a chunk that the import's rights are gone. */
export const isRefusal = (error: unknown): boolean => error instanceof KeyportError && rightsGone.has(error.code);

const unavailable: ReadonlySet<string> = new Set([
  'SERVICE_UNAVAILABLE',
  'SERVICE_TIMEOUT',
  'SOURCE_UNAVAILABLE',
  'WRITE_CONFLICT',
]);
const rightsGone: ReadonlySet<string> = new Set(['RIGHTS_LOST', 'TOKEN_REVOKED', 'INSUFFICIENT_SCOPE']);

const again = (failures: number, code: ErrorCode = 'INTERNAL', params: ErrorParams = {}): RunEnding =>
  failures + 1 < maxFailures ? { kind: 'try again', counted: true } : { kind: 'fail', code, params };

/** Milliseconds before the next try: doubling from a quarter of a second to half a minute. */
export const backOffMs = (failures: number): number => Math.min(250 * 2 ** failures, 30_000);
