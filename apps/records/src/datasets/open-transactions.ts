import { setTimeout as delay } from 'node:timers/promises';
import { KeyportError } from '@keyport/contracts';
import mongoose, { type Connection, type mongo } from 'mongoose';

interface OpenTransaction {
  readonly lsid?: { readonly id: mongo.Binary };
  readonly transaction: { readonly parameters: { readonly txnNumber: unknown } };
}

/**
 * Resolves once every transaction that is open now has ended, so that what is read afterwards is what they left. Sees
 * those of this MongoDB user, in whichever process, which needs no privilege (MongoDB manual, `$currentOp`). Throws
 * WRITE_CONFLICT where they take longer.
 */
export async function untilOpenTransactionsEnd(connection: Connection, withinMs: number): Promise<void> {
  const before = await openTransactions(connection);
  for (const deadline = Date.now() + withinMs; ; await delay(20)) {
    const now = await openTransactions(connection);
    if (before.intersection(now).size === 0) return;
    if (Date.now() > deadline) throw new KeyportError('WRITE_CONFLICT');
  }
}

async function openTransactions(connection: Connection): Promise<Set<string>> {
  // `$currentOp` knows no other read concern.
  const admin = connection.getClient().db('admin', { readConcern: new mongoose.mongo.ReadConcern('local') });
  const pipeline = [{ $currentOp: { idleSessions: true } }, { $match: { transaction: { $exists: true } } }];
  const found = await admin.aggregate<OpenTransaction>(pipeline).toArray();
  return new Set(
    found.map(({ lsid, transaction }) => `${lsid?.id.toString('hex')} ${String(transaction.parameters.txnNumber)}`),
  );
}
