import { join, resolve } from 'node:path';
import type { ServiceName, ToolUser } from '@keyport/contracts';
import { lockHome } from '../home/lock.ts';
import { writePrivate } from '../home/json-file.ts';
import { databaseOwners, loadSecrets, type DatabaseOwner, type Secrets } from '../home/secrets.ts';
import { GuardLink } from '../processes/guard-link.ts';
import { endProcesses } from '../processes/process-table.ts';
import type { SupervisedProcess, Surroundings } from '../processes/supervised-process.ts';
import { configuredMongodb } from './configured-mongodb.ts';
import { configuredNats } from './configured-nats.ts';
import { mongodbAddress, startMongod } from './mongod.ts';
import { calloutSeedFile, startNatsServer } from './nats-server.ts';

const leftoverGraceMs = 1_000;

export type AppEnvironment = Readonly<Record<string, string>>;

export interface ServersOptions {
  /** Holds data, secrets and logs; one set of servers at a time. */
  readonly home: string;
  readonly log: (line: string) => void;
  /** A deployment the operator runs; then no mongod is started. */
  readonly mongodbUrl?: string | undefined;
  /** A NATS server the operator runs; then none is started. */
  readonly natsUrl?: string | undefined;
  /** Called whenever a server's process has changed. */
  readonly onChange?: () => void;
  /** Breaks off the start. */
  readonly signal?: AbortSignal | undefined;
}

export interface Servers {
  /** Absolute. */
  readonly home: string;
  /** An administrator's address, for tools. */
  readonly mongodbUrl: string;
  /** The address alone, as services get it. */
  readonly natsUrl: string;
  /** A user for tools that may use every subject of one account. */
  readonly natsAdminOf: (user: ToolUser) => { readonly user: string; readonly password: string };
  /** Environment of one service: NATS_URL NATS_USER NATS_PASSWORD LOG_LEVEL, MONGODB_URL for all but the gateway, NATS_CALLOUT_* for auth. */
  readonly envOf: (service: ServiceName) => AppEnvironment;
  /** What runs; a server given by configuration has no process. */
  readonly processes: { readonly mongod?: SupervisedProcess; readonly nats?: SupervisedProcess };
  readonly guard: GuardLink;
  /** Ends the servers, and then whatever else was started with the guard's environment. */
  stop(): Promise<void>;
}

interface Mongodb {
  readonly adminUrl: string;
  readonly urlOf: (owner: DatabaseOwner) => string;
  readonly process?: SupervisedProcess;
}

interface Nats {
  readonly url: string;
  readonly userOf: (user: ServiceName) => { user: string; password: string };
  readonly toolUserOf: (user: ToolUser) => { user: string; password: string };
  /** What auth is given to answer the auth callout. */
  readonly callout: AppEnvironment;
  readonly process?: SupervisedProcess;
}

/**
 * Starts mongod and nats-server, or takes those that are configured, with a user for each service. A server that dies
 * is started again. Throws HomeInUseError where the home folder is taken.
 */
export async function startServers(options: ServersOptions): Promise<Servers> {
  const home = resolve(options.home);
  const unlock = await lockHome(home);
  const guard = new GuardLink(home);
  const { log, signal, onChange = () => undefined } = options;
  const around: Surroundings = { guard, log, signal, onChange };
  const started: SupervisedProcess[] = [];
  const stop = async () => {
    await Promise.all(started.map((process) => process.stop()));
    await endProcesses(() => guard.processesWith(), leftoverGraceMs);
    await guard.close();
    await unlock();
  };
  try {
    const secrets = await loadSecrets(home);
    const [mongodb, nats] = await bothOrNeither(
      provideMongodb(options.mongodbUrl, home, secrets, around),
      provideNats(options.natsUrl, home, secrets, around),
      started,
    );
    return {
      home,
      mongodbUrl: mongodb.adminUrl,
      natsUrl: nats.url,
      natsAdminOf: nats.toolUserOf,
      envOf: (service) => environmentOf(service, mongodb, nats),
      processes: { ...(mongodb.process && { mongod: mongodb.process }), ...(nats.process && { nats: nats.process }) },
      guard,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits for both before it reports that one failed, so that the other can be stopped. */
async function bothOrNeither(
  mongodb: Promise<Mongodb>,
  nats: Promise<Nats>,
  started: SupervisedProcess[],
): Promise<[Mongodb, Nats]> {
  for (const outcome of await Promise.allSettled([mongodb, nats])) {
    if (outcome.status === 'fulfilled' && outcome.value.process) started.push(outcome.value.process);
  }
  return Promise.all([mongodb, nats]);
}

async function provideMongodb(
  url: string | undefined,
  home: string,
  secrets: Secrets,
  around: Surroundings,
): Promise<Mongodb> {
  if (url) return { adminUrl: url, urlOf: await configuredMongodb(url, secrets, around.log) };
  const { port, process } = await startMongod(home, secrets, around);
  return {
    adminUrl: mongodbAddress(port, 'admin', secrets.mongodb.admin, 'admin'),
    urlOf: (owner) => mongodbAddress(port, owner, secrets.mongodb[owner], owner),
    process,
  };
}

async function provideNats(
  url: string | undefined,
  home: string,
  secrets: Secrets,
  around: Surroundings,
): Promise<Nats> {
  if (url) {
    const { url: address, user, password } = await configuredNats(url);
    around.log(
      'nats-server: NATS_URL is used, nothing is started; all services use its user, give it (or users of your own) the permissions of docker/nats.conf',
    );
    const userOf = () => ({ user, password });
    return { url: address, userOf, toolUserOf: userOf, callout: {} };
  }
  const { port, process } = await startNatsServer(home, secrets, around);
  return {
    url: `nats://127.0.0.1:${port}`,
    userOf: (user) => ({ user, password: secrets.nats[user] }),
    toolUserOf: (user) => ({ user, password: secrets.nats.admin }),
    callout: {
      NATS_CALLOUT_USER: 'callout',
      NATS_CALLOUT_PASSWORD: secrets.nats.callout,
      NATS_CALLOUT_SEED_FILE: calloutSeedFile(home),
    },
    process,
  };
}

function environmentOf(service: ServiceName, mongodb: Mongodb, nats: Nats): AppEnvironment {
  const { user, password } = nats.userOf(service);
  const owner = databaseOwners.find((name) => name === service);
  return {
    NATS_URL: nats.url,
    NATS_USER: user,
    NATS_PASSWORD: password,
    ...(service === 'auth' && nats.callout),
    ...(owner && { MONGODB_URL: mongodb.urlOf(owner) }),
    LOG_LEVEL: process.env.LOG_LEVEL ?? 'info',
  };
}

/** Leaves an app's environment where tools/build/src/serve.mjs finds it. */
export const writeEnvironment = (home: string, app: ServiceName, env: AppEnvironment): Promise<void> =>
  writePrivate(
    join(home, 'env', `${app}.env`),
    Object.entries(env)
      .map(([name, value]) => `${name}=${JSON.stringify(value)}\n`)
      .join(''),
  );
