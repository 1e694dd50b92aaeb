// docker-compose runs this once before the services: the replica set, and each service's user with its password of the
// environment. Running it again gives the users the passwords of that moment.
import { readFile } from 'node:fs/promises';
import { databaseOwners, type Secrets } from './home/secrets.ts';
import { setUpMongod } from './servers/set-up-mongod.ts';

const withinMs = 60_000;

const required = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
};

const passwords = Object.fromEntries(
  ([...databaseOwners, 'admin'] as const).map((user) => [user, required(`MONGODB_${user.toUpperCase()}_PASSWORD`)]),
) as Secrets['mongodb'];
// mongod leaves white space out of its key file.
const mongodKey = (await readFile(required('MONGODB_KEY_FILE'), 'utf8')).replace(/\s/g, '');

await setUpMongod(required('MONGODB_ADDRESS'), { mongodKey, mongodb: passwords }, AbortSignal.timeout(withinMs));
process.stdout.write('MongoDB is a replica set and has a user for each service.\n');
