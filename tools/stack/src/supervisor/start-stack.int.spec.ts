import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readJson } from '../home/json-file.ts';
import { freePort } from '../home/ports.ts';
import { isRunning, launcherVariable, processesWith, startTimeOf } from '../processes/process-table.ts';
import { until } from '../servers/until.ts';
import { workspaceRoot } from './app-plans.ts';
import { startStack, type Stack } from './start-stack.ts';
import type { StackDescription } from './stack-file.ts';

// Stands in for an app: what the launcher knows of one is its environment, its IPC messages and the gateway's health.
const appScript = `
import { createServer } from 'node:http';
const port = process.env.KEYPORT_PORT;
if (process.env.TEST_STUBBORN) process.on('SIGTERM', () => undefined);
else process.on('disconnect', () => process.exit());
setInterval(() => undefined, 1000);
const ready = () => process.send({ type: 'ready' });
if (port) createServer((request, response) => response.end('ok')).listen(Number(port), '127.0.0.1', ready);
else ready();
`;

const launcherScript = (home: string, app: string) => `
import { startStack } from ${JSON.stringify(join(workspaceRoot, 'tools/stack/src/index.ts'))};
process.on('SIGTERM', () => stack.stop().then(() => process.exit(0)));
const stack = await startStack({
  home: ${JSON.stringify(home)}, port: 0, log: (line) => console.error(line), appCommand: () => [${JSON.stringify(app)}],
});
process.send('up');
`;

const within = (ms: number) => AbortSignal.timeout(ms);

let folder: string;
let home: string;
let app: string;
let stack: Stack | undefined;
let launcher: ChildProcess | undefined;

const start = (options: Partial<Parameters<typeof startStack>[0]> = {}) =>
  startStack({ home, port: 0, log: () => undefined, appCommand: () => [app], ...options });

const described = async () => (await readJson<StackDescription>(join(home, 'stack.json')))?.processes;

/** All processes that the running stack tells of, with what identifies them. */
async function runningProcesses() {
  const pids = Object.values((await described()) ?? {}).flat();
  return pids.map((pid) => ({ pid, startTime: startTimeOf(pid) ?? '' }));
}

/** mongod, nats-server and the apps, also those of a stack that is not up yet. */
const startedIn = (folder: string) =>
  processesWith((env) => env.get(launcherVariable)?.startsWith(`${folder}#`) === true);

/** Looks so often, whatever the clock says of a machine that stands still between two looks. */
async function untilAllEnded(processes: { pid: number; startTime: string }[], looks: number): Promise<void> {
  const running = () => processes.filter(({ pid, startTime }) => isRunning(pid, startTime));
  for (let left = looks; left > 0 && running().length > 0; left -= 1) await delay(20);
  expect(running()).toEqual([]);
}

/** Runs a stack in a process of its own, which can be killed. */
async function launch(env: Record<string, string> = {}) {
  const script = join(folder, 'launcher.mjs');
  await writeFile(script, launcherScript(home, app));
  launcher = spawn(process.execPath, ['--import', join(workspaceRoot, 'tools/build/src/register.mjs'), script], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, ...env },
    cwd: workspaceRoot,
  });
  expect((await once(launcher, 'message'))[0]).toBe('up');
  return { child: launcher, processes: await runningProcesses() };
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyport-stack-'));
  home = join(folder, 'home');
  app = join(folder, 'app.mjs');
  await writeFile(app, appScript);
});

afterEach(async () => {
  await stack?.stop();
  launcher?.kill('SIGKILL');
  [stack, launcher] = [undefined, undefined];
  await rm(folder, { recursive: true, force: true });
});

/** Milliseconds from its being killed until there is another. */
async function startedAgainAfter(name: 'import' | 'gateway' | 'mongod' | 'nats'): Promise<number> {
  const [before] = (await described())?.[name] ?? [];
  const killedAt = Date.now();
  process.kill(before ?? 0, 'SIGKILL');
  // stack.json tells of the new process at once; its becoming ready takes a little longer.
  await until(async () => {
    const [pid] = (await described())?.[name] ?? [];
    return pid !== undefined && pid !== before;
  }, within(50_000));
  const ms = Date.now() - killedAt;
  await until(async () => (await fetch(`${stack?.describe().gatewayUrl}/health/ready`)).ok, within(50_000));
  return ms;
}

describe('startStack', () => {
  it('describes every process of the running stack in a private file', async () => {
    stack = await start({ replicas: { gateway: 3, import: 2 } });

    const path = join(home, 'stack.json');
    const file = await readJson<StackDescription>(path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(file).toEqual(stack.describe());
    expect(Object.entries(file?.processes ?? {}).map(([name, pids]) => [name, pids.length])).toEqual([
      ...[
        ['gateway', 3],
        ['auth', 1],
        ['import', 2],
        ['export', 1],
        ['records', 1],
        ['mongod', 1],
        ['nats', 1],
      ],
    ]);
    expect(new Set(file?.gatewayUrls).size).toBe(3);
    for (const url of file?.gatewayUrls ?? []) expect((await fetch(`${url}/health/ready`)).status).toBe(200);
  });

  it('gives each app its own user and leaves the same where nx serve finds it, unreadable to others', async () => {
    stack = await start();

    const path = join(home, 'env', 'records.env');
    const text = await readFile(path, 'utf8');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(text).toMatch(/^NATS_USER="records"$/m);
    expect(text).toMatch(/^MONGODB_URL="mongodb:\/\/records:/m);
    expect(await readFile(join(home, 'env', 'gateway.env'), 'utf8')).not.toMatch(/MONGODB_URL/);
  });

  it('starts whatever was killed again, within a second or two', async () => {
    stack = await start();
    for (const name of ['import', 'gateway', 'mongod', 'nats'] as const) {
      let ms = await startedAgainAfter(name);
      // A machine that stands still for a moment spoils one try.
      for (let left = 4; left > 0 && ms >= 3_000; left -= 1) ms = await startedAgainAfter(name);
      expect(ms).toBeLessThan(3_000);
    }
  }, 240_000);

  it('refuses a taken port in one line, before anything is started', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;

    await expect(start({ port })).rejects.toThrow(`port ${port} is taken by another program; set KEYPORT_PORT`);

    other.close();
    expect(existsSync(home)).toBe(false);
  });

  it('says what to do where the port is taken while the servers start, and leaves no process', async () => {
    const port = await freePort();
    const other = createServer();
    // The servers are started behind the look at the gateway's port.
    const log = () => void (other.listening || other.listen(port, '127.0.0.1'));

    const failed = start({ port, log });

    await expect(failed).rejects.toThrow(
      /gateway-1 ended with code 1[^]*EADDRINUSE[^]*set KEYPORT_PORT to a free port$/,
    );
    other.close();
    expect(startedIn(home)).toEqual([]);
  });

  it('says what an app printed that does not start, and leaves no process', async () => {
    await writeFile(app, 'console.error("no configuration"); process.exit(3);');
    const failed = await start().catch((error: Error) => error);

    expect((failed as Error).message).toMatch(/auth-1 ended with code 3\s+no configuration/);
    stack = undefined;
    await writeFile(app, appScript);
    stack = await start();
  });

  it('breaks off a start when it is told to, and leaves no process', async () => {
    await writeFile(app, `process.on('disconnect', () => process.exit()); setInterval(() => undefined, 1000);`);
    const ending = new AbortController();
    const starting = start({ signal: ending.signal });
    await until(async () => startedIn(home).length >= 3, within(50_000));

    ending.abort();

    await expect(starting).rejects.toThrow();
    expect(startedIn(home)).toEqual([]);
  });

  it('ends within 10 s although an app ignores SIGTERM', async () => {
    const endedAfter = async () => {
      process.env.TEST_STUBBORN = '1';
      stack = await start();
      delete process.env.TEST_STUBBORN;
      const processes = await runningProcesses();
      const startedAt = Date.now();

      await stack.stop();

      stack = undefined;
      const ms = Date.now() - startedAt;
      await untilAllEnded(processes, 5);
      expect(existsSync(join(home, 'stack.json'))).toBe(false);
      return ms;
    };

    let ms = await endedAfter();
    // A machine that stands still for a moment spoils one try.
    for (let left = 4; left > 0 && ms >= 10_000; left -= 1) ms = await endedAfter();

    expect(ms).toBeLessThan(10_000);
  }, 240_000);
});

describe('a launcher', () => {
  it('leaves no process after SIGTERM', async () => {
    const { child, processes } = await launch();

    child.kill('SIGTERM');
    await once(child, 'exit');

    expect(processes.length).toBeGreaterThanOrEqual(7);
    await untilAllEnded(processes, 5);
  });

  it('leaves none when it is killed, not even apps that ignore everything, and its folder can be used again', async () => {
    const { child, processes } = await launch({ TEST_STUBBORN: '1' });

    child.kill('SIGKILL');

    expect(processes.length).toBeGreaterThanOrEqual(7);
    await untilAllEnded(processes, 500);
    stack = await start();
  });

  it('can be followed at once by another on the same folder, which ends what the first left', async () => {
    const { child, processes } = await launch({ TEST_STUBBORN: '1' });

    child.kill('SIGKILL');
    await once(child, 'exit');
    stack = await start();

    await untilAllEnded(processes, 5);
  });
});
