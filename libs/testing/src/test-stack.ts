import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StackDescription } from '@keyport/stack';
import { KeyportClient } from './keyport-client.ts';
import { until } from './until.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

export interface TestStackOptions {
  /** As `KEYPORT_REPLICAS`: `gateway=3,import=2`. */
  readonly replicas?: string;
  /** Further environment of all apps. */
  readonly env?: Readonly<Record<string, string>>;
  /** An existing home folder, which is then kept at the end. */
  readonly home?: string;
  /** The gateway's port; a free one unless told. */
  readonly port?: number;
}

export interface OwnerFile {
  readonly email: string;
  readonly password: string;
  readonly token: string;
}

/** The whole of Keyport, started as an operator starts it, from the built bundles, in a home folder of its own. */
export class TestStack {
  private constructor(
    readonly home: string,
    private readonly launcher: ChildProcess,
    private readonly keepHome: boolean,
    readonly owner: OwnerFile,
    readonly gatewayUrl: string,
  ) {}

  static async start(options: TestStackOptions = {}): Promise<TestStack> {
    const home = options.home ?? (await mkdtemp(join(tmpdir(), 'keyport-e2e-')));
    const launcher = spawn(
      process.execPath,
      ['--import', './tools/build/src/register.mjs', 'tools/stack/src/main.ts', 'start'],
      {
        cwd: root,
        env: {
          ...process.env,
          KEYPORT_HOME: home,
          KEYPORT_PORT: String(options.port ?? 0),
          KEYPORT_REPLICAS: options.replicas ?? '',
          ...options.env,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    await untilReady(launcher);
    const owner = JSON.parse(await readFile(join(home, 'owner.json'), 'utf8')) as OwnerFile;
    const { gatewayUrl } = await readDescription(home);
    return new TestStack(home, launcher, options.home !== undefined, owner, gatewayUrl);
  }

  /** A client with all rights. */
  get client(): KeyportClient {
    return new KeyportClient(this.gatewayUrl, this.owner.token);
  }

  /** The running stack, as it describes itself now. */
  describe(): Promise<StackDescription> {
    return readDescription(this.home);
  }

  /** Kills (SIGKILL) every process of a service or server and resolves once the launcher has replaced them all. */
  async kill(name: keyof StackDescription['processes']): Promise<void> {
    await this.killSome(name, () => true);
  }

  /** As {@link kill}, but only one process of a service that runs several, by its place from 0. */
  async killOne(name: keyof StackDescription['processes'], place: number): Promise<void> {
    await this.killSome(name, (_pid, index) => index === place);
  }

  private async killSome(
    name: keyof StackDescription['processes'],
    isVictim: (pid: number, index: number) => boolean,
  ): Promise<void> {
    const before = (await this.describe()).processes[name];
    const victims = before.filter(isVictim);
    for (const pid of victims) process.kill(pid, 'SIGKILL');
    await until(async () => {
      const now = (await this.describe().catch(() => undefined))?.processes[name] ?? [];
      return now.length === before.length && now.every((pid) => !victims.includes(pid));
    }, `${name} to be started again`);
  }

  /** Ends everything; the home folder goes too unless it was given. */
  async stop(): Promise<void> {
    if (this.launcher.exitCode === null && this.launcher.signalCode === null) {
      this.launcher.kill('SIGTERM');
      await once(this.launcher, 'exit');
    }
    if (!this.keepHome) await rm(this.home, { recursive: true, force: true });
  }
}

async function readDescription(home: string): Promise<StackDescription> {
  return JSON.parse(await readFile(join(home, 'stack.json'), 'utf8')) as StackDescription;
}

function untilReady(launcher: ChildProcess): Promise<void> {
  let output = '';
  return new Promise((resolve, reject) => {
    const onData = (data: Buffer) => {
      output = (output + data.toString()).slice(-20_000);
      if (output.includes('Keyport is ready on')) resolve();
    };
    launcher.stdout?.on('data', onData);
    launcher.stderr?.on('data', onData);
    launcher.once('error', reject);
    launcher.once('exit', (code) => reject(new Error(`the stack ended with ${code} before it was ready:\n${output}`)));
  });
}
