import type { mongo } from 'mongoose';

/** What a server says of itself (`hello`), to who has no right but to connect. */
export interface Deployment {
  readonly setName: string | undefined;
  /** As its configuration names them, whichever name the address had. */
  readonly hosts: readonly string[];
  /** Of the process that answered: no other has it. */
  readonly processId: string | undefined;
  readonly isSharded: boolean;
}

interface Hello {
  readonly setName?: string;
  readonly hosts?: readonly string[];
  readonly msg?: string;
  readonly topologyVersion?: { readonly processId?: { toHexString(): string } };
}

export async function deploymentOf(db: mongo.Db): Promise<Deployment> {
  const { setName, hosts = [], msg, topologyVersion } = (await db.command({ hello: 1 })) as Hello;
  return {
    setName,
    hosts,
    processId: topologyVersion?.processId?.toHexString(),
    // MongoDB manual, `hello`: what mongos says of itself.
    isSharded: msg === 'isdbgrid',
  };
}

/** MongoDB manual, "Transactions": replica sets and sharded clusters have them, a standalone server has none. */
export const hasTransactions = ({ setName, isSharded }: Deployment): boolean => setName !== undefined || isSharded;

/**
 * Whether both may be the same deployment: a doubt counts as one, since what is protected are Keyport's own databases.
 * Nobody can tell whether two mongos lead to the same cluster without a right to read its configuration.
 */
export function maybeSame(one: Deployment, other: Deployment): boolean {
  if (one.isSharded && other.isSharded) return true;
  if (one.processId !== undefined && one.processId === other.processId) return true;
  return one.setName === other.setName && one.hosts.some((host) => other.hosts.includes(host));
}

/** The databases of Keyport's services (docs/architecture.md), and MongoDB's own, which are on every deployment. */
const ownDatabases = ['auth', 'import', 'export', 'records'];
const databasesOfMongodb = ['admin', 'config', 'local'];

export interface Candidate {
  readonly database: string;
  readonly deployment: Deployment;
}

/** Why a source must not be used; undefined where it may. `own` is the database of this service. */
export function faultOf(source: Candidate, own: Candidate, ledgerDatabase: string): string | undefined {
  if (!hasTransactions(source.deployment)) return 'its server has no transactions: it must be a replica set';
  const isOwn =
    [...ownDatabases, own.database].includes(source.database) && maybeSame(source.deployment, own.deployment);
  if (isOwn || source.database === ledgerDatabase) return `${source.database} is a database of Keyport itself`;
  if (databasesOfMongodb.includes(source.database)) return `${source.database} is a database of MongoDB itself`;
  return undefined;
}
