import { MongoClient, MongoServerError } from 'mongodb';
import { ConnectionString } from 'mongodb-connection-string-url';
import { databaseOwners, type DatabaseOwner, type Secrets } from '../home/secrets.ts';
import { ensureUser, serviceUsers } from './mongodb-users.ts';

const unauthorized = 13;

/**
 * Addresses for the services on a MongoDB that the operator runs. Each service gets a user of its own where the given
 * user may create them; else all use the given one, each with its own database, and the log says so.
 */
export async function configuredMongodb(
  url: string,
  secrets: Secrets,
  log: (line: string) => void,
): Promise<(owner: DatabaseOwner) => string> {
  let client: MongoClient | undefined;
  try {
    client = new MongoClient(url, { serverSelectionTimeoutMS: 10_000 });
    for (const user of serviceUsers(secrets)) await ensureUser(client, user);
    log(`mongod: MONGODB_URL is used, nothing is started; users ${databaseOwners.join(', ')} are set up there`);
    return (owner) => withUser(url, owner, { name: owner, password: secrets.mongodb[owner] });
  } catch (error) {
    if (!(error instanceof MongoServerError) || error.code !== unauthorized) {
      throw new Error(`MONGODB_URL cannot be used: ${(error as Error).message}`, { cause: error });
    }
    log('mongod: MONGODB_URL is used, nothing is started; its user may not create users, so all services share it');
    return (owner) => withUser(url, owner);
  } finally {
    await client?.close();
  }
}

/** The same deployment with another database, and another user where one is given. */
export function withUser(url: string, database: string, user?: { name: string; password: string }): string {
  const address = new ConnectionString(url);
  // Without the option, the user is looked up in the database of the path, which is about to change.
  const source = address.searchParams.get('authSource') ?? (address.pathname.replace(/^\//, '') || 'admin');
  address.pathname = `/${database}`;
  if (user) {
    address.username = encodeURIComponent(user.name);
    address.password = encodeURIComponent(user.password);
    address.searchParams.delete('authMechanism');
    address.searchParams.set('authSource', database);
  } else if (address.username) {
    address.searchParams.set('authSource', source);
  }
  return address.href;
}
