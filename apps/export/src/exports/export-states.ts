import type { ErrorCode, Export } from '@keyport/contracts';

export type ExportState = Export['state'];
export type ExportEvent = 'claim' | 'complete' | 'fail' | 'cancel' | 'expire';

/** Claiming a running export is how another process takes over from one that was killed. */
const transitions: Record<ExportState, Partial<Record<ExportEvent, ExportState>>> = {
  queued: { claim: 'running', cancel: 'cancelled' },
  running: { claim: 'running', complete: 'completed', fail: 'failed', cancel: 'cancelled' },
  completed: { expire: 'expired' },
  failed: {},
  cancelled: {},
  expired: {},
};

/** The state that an event leads to; undefined where it may not happen. */
export const stateAfter = (state: ExportState, event: ExportEvent): ExportState | undefined =>
  transitions[state][event];

/** The states in which an event may happen: the condition of the update that makes it happen. */
export const statesBefore = (event: ExportEvent): ExportState[] =>
  (Object.keys(transitions) as ExportState[]).filter((state) => stateAfter(state, event) !== undefined);

export type FailureKind = { readonly fails: ErrorCode } | { readonly retries: 'always' | 'bounded' };

/**
 * What an error means for a running export: the end, or another try later. A service that is away comes back, however
 * long it takes; what should not happen may go away by itself a few times.
 */
export function judgeFailure(code: ErrorCode): FailureKind {
  switch (code) {
    case 'RIGHTS_LOST':
    case 'INSUFFICIENT_SCOPE':
    case 'TOKEN_REVOKED':
      return { fails: 'RIGHTS_LOST' };
    // The dataset was deleted and made anew: what is written so far is of no dataset that exists.
    case 'CURSOR_INVALID':
      return { fails: 'DATASET_NOT_FOUND' };
    case 'SERVICE_UNAVAILABLE':
    case 'SERVICE_TIMEOUT':
    case 'SOURCE_UNAVAILABLE':
    case 'CHANGES_BEHIND':
      return { retries: 'always' };
    // A service that just started may not have its keys yet; an expired grant stays refused.
    case 'CONTEXT_INVALID':
    case 'INTERNAL':
    case 'WRITE_CONFLICT':
      return { retries: 'bounded' };
    default:
      return { fails: code };
  }
}

/** Milliseconds before the next try. */
export const retryDelayMs = (attempts: number): number => Math.min(500 * 2 ** attempts, 10_000);
