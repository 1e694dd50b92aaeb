import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { serviceNames, type ServiceName } from '@keyport/contracts';
import { assertHomeIsFree } from '../home/lock.ts';
import { endProcesses } from '../processes/process-table.ts';
import { SupervisedProcess, type ProcessPlan } from '../processes/supervised-process.ts';
import { startServers, writeEnvironment } from '../servers/start-servers.ts';
import {
  appEnvironment,
  gatewayPorts,
  inheritedEnvironment,
  localUrl,
  workspaceRoot,
  type AppSettings,
} from './app-plans.ts';
import { untilHealthy } from './health.ts';
import { describeStack, StackFile, type StackDescription } from './stack-file.ts';
import type { Stack, StackOptions } from './start-stack.ts';

const lookEveryMs = 1_000;
const appGraceMs = 1_500;

/** As `startStack`, but nx runs the apps from their sources and restarts what an edit touches; one process a service. */
export async function startDev(options: Omit<StackOptions, 'appCommand' | 'replicas'>): Promise<Stack> {
  const { host = '127.0.0.1', signal, log } = options;
  await assertHomeIsFree(resolve(options.home));
  const ports = await gatewayPorts(options.port, host, 1);
  const urls = ports.map((port) => localUrl(host, port));
  const servers = await startServers(options);
  const settings: AppSettings = {
    home: servers.home,
    ...{ host, replicas: {}, gatewayPorts: ports, envOf: servers.envOf },
    publicUrl: options.publicUrl ?? urls[0] ?? '',
  };
  // nx owns these processes: what tells them is the environment that serve.mjs and Node's watch mode give them.
  const pidsOf = (app: ServiceName) =>
    servers.guard.processesWith({ KEYPORT_APP: app, WATCH_REPORT_DEPENDENCIES: '1' });
  const describe = () => describeStack(urls, servers, pidsOf);
  const nx = new SupervisedProcess(planNx(servers.home), {
    guard: servers.guard,
    log,
    signal,
    onChange: () => undefined,
  });
  const file = new StackFile(servers.home, describe);
  const looking = new AbortController();
  const stop = async () => {
    looking.abort();
    await file.remove();
    await nx.stop();
    await endProcesses(
      () => serviceNames.flatMap((app) => servers.guard.processesWith({ KEYPORT_APP: app })),
      appGraceMs,
    );
    await servers.stop();
  };
  try {
    for (const app of serviceNames) await writeEnvironment(servers.home, app, appEnvironment(app, 0, settings));
    await nx.start();
    void keepCurrent(file, describe, looking.signal);
    // No limit: what does not compile yet may be mended while this waits.
    await untilHealthy(urls, signal);
    await file.update();
    return { servers, describe, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Under `nx run stack:dev` the inner nx must not take itself for a part of the outer one. */
const withoutNx = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('NX_')));

const planNx = (home: string): ProcessPlan => ({
  name: 'nx',
  command: process.execPath,
  args: [
    ...['node_modules/.bin/nx', 'run-many', '-t', 'serve', '--output-style=stream'],
    ...[`--projects=${serviceNames.join(',')}`, `--parallel=${serviceNames.length}`],
  ],
  cwd: workspaceRoot,
  // The daemon would outlive the stack.
  env: { ...withoutNx(inheritedEnvironment('auth', process.env)), KEYPORT_HOME: home, NX_DAEMON: 'false' },
  untilReady: async () => undefined,
  readyWithinMs: 10_000,
  endWithinMs: 2_000,
});

async function keepCurrent(file: StackFile, describe: () => StackDescription, signal: AbortSignal): Promise<void> {
  for (let before = ''; !signal.aborted;) {
    const now = JSON.stringify(describe());
    if (now !== before) await file.update();
    before = now;
    await delay(lookEveryMs, undefined, { signal }).catch(() => undefined);
  }
}
