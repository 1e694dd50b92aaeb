import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { natsUsers, serviceNames, type NatsUser, type ServiceName } from '@keyport/contracts';
import { readJson, writeJson } from './json-file.ts';

export type DatabaseOwner = Exclude<ServiceName, 'gateway'>;

export const databaseOwners = serviceNames.filter((name): name is DatabaseOwner => name !== 'gateway');

/** The embedded servers' passwords, made at first start and kept in the home folder (mode 0600). */
export interface Secrets {
  /** Shared by the members of the replica set; mongod takes it from a file of its own. */
  readonly mongodKey: string;
  readonly mongodb: Readonly<Record<DatabaseOwner | 'admin', string>>;
  readonly nats: Readonly<Record<NatsUser, string>>;
}

// Begins with a letter: nats-server reads a variable's value as configuration, where 123e4 would be a number.
const newPassword = () => `k${randomBytes(24).toString('hex')}`;

const passwordsFor = <Name extends string>(names: readonly Name[], known: Partial<Record<Name, string>> = {}) =>
  Object.fromEntries(names.map((name) => [name, known[name] ?? newPassword()])) as Record<Name, string>;

/** Reads the secrets of a home folder and makes those that are missing. */
export async function loadSecrets(home: string): Promise<Secrets> {
  const path = join(home, 'secrets.json');
  const known = (await readJson<Partial<Secrets>>(path)) ?? {};
  const secrets: Secrets = {
    mongodKey: known.mongodKey ?? newPassword(),
    mongodb: passwordsFor([...databaseOwners, 'admin'], known.mongodb),
    nats: passwordsFor(natsUsers, known.nats),
  };
  await writeJson(path, secrets);
  return secrets;
}
