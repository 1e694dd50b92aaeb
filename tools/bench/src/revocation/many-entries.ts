import { randomBytes } from 'node:crypto';
import type { MongoClient } from 'mongodb';

const perInsert = 20_000;
const lifeMs = 90 * 24 * 3_600_000;

/**
 * Revocations as auth stores them for tokens that ended, put straight into its database: no REST call would make a million
 * in reasonable time.
 */
export async function storeRevocations(client: MongoClient, count: number, signal: AbortSignal): Promise<void> {
  const collection = client.db('auth').collection<{ _id: string }>('revocations');
  const createdAt = new Date();
  const endsAt = new Date(createdAt.getTime() + lifeMs);
  const common = {
    origin: 'consequence',
    before: null,
    endsAt,
    from: null,
    createdAt,
    createdBy: 'bench',
    reason: null,
  };
  for (let stored = 0; stored < count; stored += perInsert) {
    signal.throwIfAborted();
    const size = Math.min(perInsert, count - stored);
    const documents = Array.from({ length: size }, () => {
      const key = `key.${randomBytes(16).toString('base64url')}`;
      return { _id: key, key, ...common };
    });
    await collection.insertMany(documents, { ordered: false });
  }
}
