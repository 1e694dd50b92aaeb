import { resolve } from 'node:path';
import { serviceNames } from '@keyport/contracts';
import type { Replicas } from '../config.ts';
import { assertHomeIsFree } from '../home/lock.ts';
import { AddressTakenError } from '../home/ports.ts';
import { startServers, writeEnvironment, type Servers } from '../servers/start-servers.ts';
import {
  appEnvironment,
  builtApp,
  gatewayPorts,
  localUrl,
  planApps,
  PortTakenError,
  type AppCommand,
  type AppSettings,
} from './app-plans.ts';
import { AppProcesses } from './app-processes.ts';
import { untilHealthy } from './health.ts';
import { describeStack, StackFile, type StackDescription } from './stack-file.ts';

export interface StackOptions {
  /** Data, secrets, logs and the description of the running stack. */
  readonly home: string;
  readonly host?: string;
  /** The gateway's; 0 takes a free one. */
  readonly port: number;
  /** Default: the first gateway's address. */
  readonly publicUrl?: string | undefined;
  readonly replicas?: Replicas;
  readonly log: (line: string) => void;
  readonly mongodbUrl?: string | undefined;
  readonly natsUrl?: string | undefined;
  /** Breaks off the start. */
  readonly signal?: AbortSignal;
  /** How an app is run; default: its bundle, `apps/<app>/dist/main.js`. */
  readonly appCommand?: AppCommand;
}

export interface Stack {
  readonly servers: Servers;
  /** As in `<home>/stack.json`, at this moment. */
  describe(): StackDescription;
  /** Ends everything within 10 s. */
  stop(): Promise<void>;
}

const healthyWithinMs = 60_000;

/**
 * Starts the servers and all five apps, and resolves once the gateway is ready. What dies is started again. Throws
 * PortTakenError and HomeInUseError before anything is started; PortTakenError also where a port was taken meanwhile.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { host = '127.0.0.1', replicas = {}, signal, log } = options;
  await assertHomeIsFree(resolve(options.home));
  const ports = await gatewayPorts(options.port, host, replicas.gateway ?? 1);
  const urls = ports.map((port) => localUrl(host, port));
  let file: StackFile | undefined;
  const onChange = () => void file?.update().catch((error: Error) => log(`stack.json: ${error.message}`));
  const servers = await startServers({ ...options, onChange });
  const settings: AppSettings = {
    home: servers.home,
    ...{ host, replicas, gatewayPorts: ports, envOf: servers.envOf },
    publicUrl: options.publicUrl ?? localUrl(host, ports[0] ?? options.port),
  };
  const apps = new AppProcesses({ guard: servers.guard, log, onChange, signal });
  const describe = () => describeStack(urls, servers, (app) => apps.pidsOf(app));
  const stop = async () => {
    await file?.remove();
    await apps.stop();
    await servers.stop();
  };
  try {
    for (const app of serviceNames) await writeEnvironment(servers.home, app, appEnvironment(app, 0, settings));
    await apps.start(planApps(settings, options.appCommand ?? builtApp));
    await untilHealthy(urls, signal, healthyWithinMs);
    file = new StackFile(servers.home, describe);
    await file.update();
    return { servers, describe, stop };
  } catch (error) {
    await stop();
    if (!(error instanceof AddressTakenError)) throw error;
    // Of the apps the gateways alone listen: on ports that were free when the start began.
    throw new PortTakenError(`${error.message}\n  start again, or set KEYPORT_PORT to a free port`, { cause: error });
  }
}
