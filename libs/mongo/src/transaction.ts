import type { Connection, ClientSession } from 'mongoose';

/**
 * Runs `work` in one transaction and commits it with majority; the driver repeats it on transient errors, so `work` must
 * have no effect outside the session (MongoDB manual, "Transactions": `withTransaction`).
 */
export async function inTransaction<Result>(
  connection: Connection,
  work: (session: ClientSession) => Promise<Result>,
): Promise<Result> {
  const session = await connection.startSession();
  try {
    return await session.withTransaction(work, {
      readConcern: { level: 'snapshot' },
      writeConcern: { w: 'majority', journal: true },
    });
  } finally {
    await session.endSession();
  }
}
