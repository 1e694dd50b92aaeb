import { MongoServerError, type MongoClient } from 'mongodb';
import { databaseOwners, type Secrets } from '../home/secrets.ts';

interface MongodbUser {
  readonly name: string;
  readonly database: string;
  readonly password: string;
  readonly role: { readonly role: string; readonly db: string };
}

const userAlreadyExists = 51003;

/** One user a service, in the database of its name and with no right on another. */
export const serviceUsers = ({ mongodb }: Pick<Secrets, 'mongodb'>): MongodbUser[] =>
  databaseOwners.map((name) => ({
    name,
    database: name,
    password: mongodb[name],
    role: { role: 'readWrite', db: name },
  }));

export const administrator = ({ mongodb }: Pick<Secrets, 'mongodb'>): MongodbUser => ({
  name: 'admin',
  database: 'admin',
  password: mongodb.admin,
  role: { role: 'root', db: 'admin' },
});

/** Creates the user, or gives it the password and the role it should have. */
export async function ensureUser(client: MongoClient, { name, database, password, role }: MongodbUser): Promise<void> {
  const definition = { pwd: password, roles: [role] };
  const db = client.db(database);
  try {
    await db.command({ createUser: name, ...definition });
  } catch (error) {
    if (!(error instanceof MongoServerError) || error.code !== userAlreadyExists) throw error;
    await db.command({ updateUser: name, ...definition });
  }
}
