import { KeyportError } from '@keyport/contracts';
import { retriedTransaction } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import mongoose, { type ClientSession } from 'mongoose';
import { RefusedRow } from './chunk.repository.ts';
import { AlreadyWritten } from './ledger.repository.ts';
import { learn, type PendingChunk } from './pending-chunk.ts';
import { isSourceFailure } from '../sources/source-failure.ts';
import { DatasetSessions } from '../sources/dataset-sessions.service.ts';
import type { WriteSessions } from './write-sessions.ts';

/** Less than the contract's deadline, more than a killed writer's transaction lives (10 s in the stack). */
const retryForMs = 20_000;
/** Other writers' transactions are met all the time; from here on it may be one that nobody goes on with. */
const suspiciousConflicts = 4;

type InSession<Result> = (session: ClientSession) => Promise<Result>;

/** Attempts at a chunk, each one transaction, until one is committed. */
@Injectable()
export class WriteAttempts {
  constructor(private readonly sessions: DatasetSessions) {}

  /**
   * `recall` tells what became of a chunk that was written already; undefined where that is not to be seen yet. Throws
   * WRITE_CONFLICT where time is up, WRITE_REFUSED, and SOURCE_UNAVAILABLE.
   */
  run<Result>(chunk: PendingChunk, attempt: InSession<Result>, recall?: InSession<Result | undefined>) {
    return this.sessions.use(chunk.request.dataset, (session, sessions) =>
      this.runIn({ session, sessions }, chunk, attempt, recall),
    );
  }

  private async runIn<Result>(
    { session, sessions }: { readonly session: ClientSession; readonly sessions: WriteSessions },
    chunk: PendingChunk,
    attempt: InSession<Result>,
    recall: InSession<Result | undefined> | undefined,
  ): Promise<Result> {
    for (const deadline = Date.now() + retryForMs; ;) {
      try {
        return await retriedTransaction(session, () => attempt(session), {
          retryForMs: deadline - Date.now(),
          beforeRetry: async (failed) => {
            if (failed >= suspiciousConflicts) await sessions.endOrphans();
          },
        });
      } catch (error) {
        if (error instanceof AlreadyWritten && recall) {
          const result = await recall(session);
          if (result !== undefined) return result;
        } else if (error instanceof RefusedRow) learn(chunk, error.row, error.fault);
        else throw refusalOf(error, chunk) ?? error;
        if (Date.now() >= deadline) throw new KeyportError('WRITE_CONFLICT', {}, { cause: error });
      }
    }
  }
}

/** Of what the server says for good, or until somebody mends it: an index that is gone, a collection that takes no rows. */
function refusalOf(error: unknown, { request: { dataset } }: PendingChunk): KeyportError | undefined {
  if (!(error instanceof mongoose.mongo.MongoServerError) || isSourceFailure(error)) return undefined;
  const reason = error.codeName ?? `code ${String(error.code)}`;
  return new KeyportError('WRITE_REFUSED', { dataset, reason }, { cause: error });
}
