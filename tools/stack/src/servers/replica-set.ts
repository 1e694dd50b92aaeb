import { MongoServerError, type MongoClient } from 'mongodb';
import { until } from './until.ts';

export const replicaSetName = 'rs0';

interface ReplicaSetConfig {
  readonly version: number;
  readonly members: readonly { readonly _id: number; readonly host: string }[];
}

const notYetInitialized = 94;

/** Makes a one-node replica set of the server, under the address it has now, and waits until it takes writes. */
export async function becomeReplicaSet(client: MongoClient, host: string, signal: AbortSignal): Promise<void> {
  // A server that still looks for its old address among the machine's own refuses both commands: they are tried again.
  await until(() => configure(client, host), signal);
  await until(async () => (await client.db('admin').command({ hello: 1 })).isWritablePrimary === true, signal);
}

async function configure(client: MongoClient, host: string): Promise<boolean> {
  const admin = client.db('admin');
  const config = await currentConfig(client);
  if (!config) {
    await admin.command({ replSetInitiate: { _id: replicaSetName, members: [{ _id: 0, host }] } });
  } else if (config.members.length !== 1 || config.members[0]?.host !== host) {
    // The data folder remembers the address of its last start; forced, since no member of that address answers.
    const moved = { ...config, version: config.version + 1, members: [{ ...config.members[0], _id: 0, host }] };
    await admin.command({ replSetReconfig: moved, force: true });
  }
  return true;
}

async function currentConfig(client: MongoClient): Promise<ReplicaSetConfig | undefined> {
  try {
    const { config } = await client.db('admin').command({ replSetGetConfig: 1 });
    return config as ReplicaSetConfig;
  } catch (error) {
    if (error instanceof MongoServerError && error.code === notYetInitialized) return undefined;
    throw error;
  }
}
