import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serviceNames, type ServiceName } from '@keyport/contracts';
import { freePort, freePortFrom, tryPort } from '../home/ports.ts';
import type { Replicas } from '../config.ts';
import { untilReportsReady } from './app-ipc.ts';
import type { ProcessPlan } from '../processes/supervised-process.ts';
import type { AppEnvironment } from '../servers/start-servers.ts';
import { cacheFolder } from '../servers/wheel.ts';

export const workspaceRoot = fileURLToPath(new URL('../../../../', import.meta.url));

/** Arguments of Node that run an app. */
export type AppCommand = (app: ServiceName) => readonly string[];

export interface AppSettings {
  readonly home: string;
  readonly host: string;
  readonly publicUrl: string;
  readonly gatewayPorts: readonly number[];
  readonly replicas: Replicas;
  readonly envOf: (service: ServiceName) => AppEnvironment;
}

/** Thrown where the gateway's port is taken; the message is for the operator. */
export class PortTakenError extends Error {
  override readonly name = 'PortTakenError';
}

/** The message is for the operator. */
export const portTaken = (port: number): PortTakenError =>
  new PortTakenError(`port ${port} is taken by another program; set KEYPORT_PORT to a free one`);

/** One port a gateway: the wanted one, which must be free, and further free ones above it. */
export async function gatewayPorts(wanted: number, host: string, count: number): Promise<number[]> {
  const first = wanted === 0 ? await freePort(host) : await tryPort(wanted, host);
  if (first === undefined) throw portTaken(wanted);
  const ports = [first];
  while (ports.length < count) {
    const next = wanted === 0 ? await freePort(host) : await freePortFrom(first + 1, host, ports);
    if (!ports.includes(next)) ports.push(next);
  }
  return ports;
}

/** The address under which this machine reaches a listener of that host. */
export const localUrl = (host: string, port: number): string =>
  `http://${host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host}:${port}`;

/**
 * A small young generation: pages and chunks are short-lived buffers of a megabyte, which V8 otherwise keeps until a full
 * collection. Measured on bulk work: half the CPU time and a quarter less memory (the Dockerfile sets the same).
 */
const nodeFlags = ['--enable-source-maps', '--max-semi-space-size=2'];

/**
 * The old generation is collected for the first time at so many megabytes (docs/adr/0030); from then on as `letHeapGrow` of
 * libs/service says. Without it `records` reaches 140 MB before (measured), as it gives its large buffers back.
 */
const serviceFlags = ['--initial-old-space-size=64'];

/**
 * Thousands of small requests a second: with a heap limit under 1 GB, V8 lets the old generation grow to twice what lives
 * in it and not to four times (measured: 197 MB instead of 312 MB at 25,000 requests a second). What 64 requests at once
 * hold would fill most of a young generation of 2 MB, and be copied at every collection: with 8 MB there are a quarter as
 * many (measured: some 3 µs less a request, for 20 MB more).
 */
const gatewayFlags = ['--max-semi-space-size=8', '--max-old-space-size=1000'];

/**
 * Memory of glibc's malloc, mallopt(3), as the Dockerfile sets it too. By default the size from which a block is given back
 * to the system as soon as it is freed grows with the blocks that are freed, here to megabytes: what is freed below it
 * stays, in pieces, in an arena a thread. Fixed, and with few arenas, `records` holds 189 MB instead of 239 in an export
 * of 300,000 rows. A block above that size is mapped, and costs a page fault for each 4 KB of it: with 128 KiB those of an
 * import's chunks, of up to 2 MiB, were a tenth of the CPU time of `import` (measured). `records` and `export` have pages
 * too, whose pieces below the size add up.
 */
const memorySettings = (app: ServiceName) => ({
  MALLOC_MMAP_THRESHOLD_: app === 'import' ? '2097152' : '131072',
  MALLOC_TRIM_THRESHOLD_: '131072',
  MALLOC_ARENA_MAX: '2',
});

/**
 * Node.js, "Module compile cache": the apps' code and that of their packages is compiled at the first start alone, a tenth
 * of what a start costs (measured). What is found there is of the same code, or is not used.
 */
const compileCache = (env: NodeJS.ProcessEnv) => ({ NODE_COMPILE_CACHE: join(cacheFolder(env), 'compiled') });

export const builtApp: AppCommand = (app) => {
  const file = join(workspaceRoot, 'apps', app, 'dist', 'main.js');
  if (!existsSync(file)) throw new Error(`${file} is missing: build first (nx run-many -t build)`);
  return [...nodeFlags, ...(app === 'gateway' ? gatewayFlags : serviceFlags), file];
};

/** The environment of an app's process `number` (from 0), besides what the launcher's own environment holds. */
export function appEnvironment(app: ServiceName, number: number, settings: AppSettings): AppEnvironment {
  const { host, gatewayPorts, home, publicUrl, envOf } = settings;
  return {
    ...envOf(app),
    KEYPORT_PUBLIC_URL: publicUrl,
    ...(app === 'gateway' && { KEYPORT_HOST: host, KEYPORT_PORT: String(gatewayPorts[number]) }),
    ...(app === 'auth' && { KEYPORT_HOME: home }),
  };
}

const notForApps = ['MONGODB_URL', 'NATS_URL', 'NATS_USER', 'NATS_PASSWORD'];

/** Secrets that one app alone gets. */
const ownerOf: Readonly<Record<string, ServiceName>> = {
  KEYPORT_MASTER_KEY: 'auth',
  NATS_CALLOUT_PASSWORD: 'auth',
  NATS_CALLOUT_SEED_FILE: 'auth',
  KEYPORT_SOURCES: 'records',
};

/** What the launcher was given and an app gets too; the servers' addresses it gets of its own. */
export const inheritedEnvironment = (app: ServiceName, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(env).filter(([name]) => !notForApps.includes(name) && (ownerOf[name] ?? app) === app),
  );

export function planApps(settings: AppSettings, command: AppCommand): Record<ServiceName, ProcessPlan[]> {
  const plansOf = (app: ServiceName) =>
    Array.from({ length: settings.replicas[app] ?? 1 }, (_, number) => planApp(app, number, settings, command));
  return Object.fromEntries(serviceNames.map((app) => [app, plansOf(app)])) as Record<ServiceName, ProcessPlan[]>;
}

const planApp = (app: ServiceName, number: number, settings: AppSettings, command: AppCommand): ProcessPlan => ({
  name: `${app}-${number + 1}`,
  command: process.execPath,
  args: command(app),
  cwd: workspaceRoot,
  env: {
    ...memorySettings(app),
    ...compileCache(process.env),
    ...inheritedEnvironment(app, process.env),
    ...appEnvironment(app, number, settings),
  },
  logFile: join(settings.home, 'logs', `${app}-${number + 1}.log`),
  ipc: true,
  untilReady: untilReportsReady,
  readyWithinMs: 60_000,
  endWithinMs: 4_000,
});
