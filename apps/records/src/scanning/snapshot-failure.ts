import { KeyportError } from '@keyport/contracts';

/** MongoDB manual, "Error Codes". */
const invalidOptions = 72;
const notAReplicaSet = 123;
const noMajorityReads = 148;
const snapshotTooOld = 239;
const snapshotUnavailable = 246;

/** A time that the server does not reach back to, that its catalog does not, or that is not its own any more. */
const gone: ReadonlySet<unknown> = new Set([snapshotTooOld, snapshotUnavailable, invalidOptions]);
/** A server without a history, or one that is about to have it. */
const unavailable: ReadonlySet<unknown> = new Set([
  invalidOptions,
  notAReplicaSet,
  noMajorityReads,
  snapshotTooOld,
  snapshotUnavailable,
]);

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

/** What a failed read of an earlier state means: SNAPSHOT_GONE, or what it was. */
export const failureAtState = (error: unknown, dataset: string): unknown =>
  gone.has(codeOf(error)) ? new KeyportError('SNAPSHOT_GONE', { dataset }, { cause: error }) : error;

/** What a failed read of the newest state means: SNAPSHOT_UNAVAILABLE, or what it was. */
export const failureOfNewest = (error: unknown, dataset: string): unknown =>
  unavailable.has(codeOf(error)) ? new KeyportError('SNAPSHOT_UNAVAILABLE', { dataset }, { cause: error }) : error;

export const isSnapshotGone = (error: unknown): boolean =>
  error instanceof KeyportError && error.code === 'SNAPSHOT_GONE';
