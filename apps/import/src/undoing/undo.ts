import type { Import } from '@keyport/contracts';
import { describeError } from '@keyport/contracts';
import type { Failure } from '../imports/import.model.ts';

/** The undo of an import, as stored with it. */
export interface StoredUndo {
  readonly state: 'running' | 'completed' | 'failed';
  /** Signed by auth for who asked; empty once it has ended. */
  readonly grant: string;
  /** Grows with every process that goes on with it, and with every new start. */
  readonly fence: number;
  /** Nobody else goes on with it before; by the clock of MongoDB. */
  readonly leaseUntil: Date;
  /** Number of the next chunk: all before are taken back and counted. */
  readonly next: number;
  readonly removed: number;
  readonly left: number;
  readonly gone: number;
  /** Left records that are stored by name. */
  readonly named: number;
  /** Runs in a row that ended in an unexpected error without getting further. */
  readonly failures: number;
  readonly requestedAt: Date;
  readonly finishedAt: Date | null;
  readonly error: Failure | null;
}

/** What a caller sees of an undo. */
export function undoView({ state, removed, left, gone, requestedAt, finishedAt, error }: StoredUndo): Import['undo'] {
  return {
    ...{ state, removed, left, gone },
    requestedAt: requestedAt.toISOString(),
    finishedAt: finishedAt?.toISOString() ?? null,
    ...(error && { error: { code: error.code, detail: describeError(error.code, error.params) } }),
  };
}
