import { setTimeout as delay } from 'node:timers/promises';
import { KeyportError } from '@keyport/contracts';
import mongoose, { type ClientSession } from 'mongoose';

export interface RetryLimits {
  /** Milliseconds during which transient errors are answered with another attempt. */
  readonly retryForMs: number;
  /** Called before each further attempt, with the number of those that failed. */
  readonly beforeRetry?: (failed: number) => Promise<void>;
}

/**
 * Runs `work` in a transaction of a session that is kept by the caller, with snapshot reads and a majority, journalled
 * commit. Transient errors (write conflicts among them) repeat it, with a pause; then WRITE_CONFLICT is thrown. Unlike
 * the driver's `withTransaction` it is bounded by its caller. `work` must have no effect outside the session.
 */
export async function retriedTransaction<Result>(
  session: ClientSession,
  work: () => Promise<Result>,
  { retryForMs, beforeRetry }: RetryLimits,
): Promise<Result> {
  const deadline = Date.now() + retryForMs;
  for (let failed = 1; ; failed += 1) {
    try {
      return await attempt(session, work, deadline);
    } catch (error) {
      if (!hasLabel(error, 'TransientTransactionError')) throw error;
      if (Date.now() >= deadline) throw new KeyportError('WRITE_CONFLICT', {}, { cause: error });
    }
    await beforeRetry?.(failed);
    await delay(pauseMs(failed));
  }
}

async function attempt<Result>(session: ClientSession, work: () => Promise<Result>, deadline: number) {
  session.startTransaction({
    readConcern: { level: 'snapshot' },
    writeConcern: { w: 'majority', journal: true },
    readPreference: 'primary',
  });
  try {
    const result = await work();
    await commit(session, deadline);
    return result;
  } catch (error) {
    // An aborted transaction cannot be aborted again; what it failed of is the error that counts.
    if (session.inTransaction()) await session.abortTransaction().catch(() => undefined);
    throw error;
  }
}

async function commit(session: ClientSession, deadline: number): Promise<void> {
  for (;;) {
    try {
      await session.commitTransaction();
      return;
    } catch (error) {
      // Committing again is safe where nobody knows whether the first reached the server.
      if (!hasLabel(error, 'UnknownTransactionCommitResult') || Date.now() >= deadline) throw error;
    }
  }
}

const hasLabel = (error: unknown, label: string): boolean =>
  error instanceof mongoose.mongo.MongoError && error.hasErrorLabel(label);

/** Doubles from 5 ms to 320 ms, with jitter so that two writers do not meet again. */
const pauseMs = (failed: number) => 5 * 2 ** Math.min(failed - 1, 6) * (0.5 + Math.random());
