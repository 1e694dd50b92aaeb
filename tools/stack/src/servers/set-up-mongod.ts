import { MongoClient } from 'mongodb';
import type { Secrets } from '../home/secrets.ts';
import { administrator, ensureUser, serviceUsers } from './mongodb-users.ts';
import { becomeReplicaSet } from './replica-set.ts';

/**
 * Makes a replica set of one mongod, under the address (`host:port`) that its clients use, and its users. Works as
 * `__system`, the user that a key file gives to the members of a replica set: it needs no user before it.
 */
export async function setUpMongod(
  address: string,
  secrets: Pick<Secrets, 'mongodKey' | 'mongodb'>,
  signal: AbortSignal,
): Promise<void> {
  const client = new MongoClient(`mongodb://${address}`, {
    directConnection: true,
    auth: { username: '__system', password: secrets.mongodKey },
    authSource: 'local',
    authMechanism: 'SCRAM-SHA-256',
    serverSelectionTimeoutMS: 10_000,
  });
  // Else it would go on looking for a server that has ended.
  const breakOff = () => void client.close();
  signal.addEventListener('abort', breakOff, { once: true });
  try {
    await becomeReplicaSet(client, address, signal);
    for (const user of [administrator(secrets), ...serviceUsers(secrets)]) await ensureUser(client, user);
  } finally {
    signal.removeEventListener('abort', breakOff);
    await client.close();
  }
}
