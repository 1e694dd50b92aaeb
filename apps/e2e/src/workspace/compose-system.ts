import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv, promisify } from 'node:util';
import { serviceNames, type ServiceName } from '@keyport/contracts';
import { findMongod, findNatsServer, freePort } from '@keyport/stack';
import { interpolate, readComposeFile, type ComposeFile, type ComposeService } from './compose-file.ts';
import { textOf, workspaceRoot } from './workspace-files.ts';

const run = promisify(execFile);
const quiet = () => undefined;

/**
 * What docker-compose.yml describes, run without containers: its commands, environments, set-up and health checks, with
 * addresses of this machine in place of the containers' names.
 */
export class ComposeSystem {
  private readonly children = new Map<string, ChildProcess>();

  private constructor(
    private readonly file: ComposeFile,
    readonly values: Readonly<Record<string, string>>,
    private readonly folder: string,
    private readonly places: readonly (readonly [inContainers: string, here: string])[],
  ) {}

  static async prepare(): Promise<ComposeSystem> {
    const folder = await mkdtemp(join(tmpdir(), 'keyport-compose-'));
    const [mongodb, nats, monitor, gateway] = [await freePort(), await freePort(), await freePort(), await freePort()];
    const { stdout } = await run(join(workspaceRoot, 'docker', 'make-env.sh'));
    return new ComposeSystem(await readComposeFile(), parseEnv(stdout) as Record<string, string>, folder, [
      ['/keys/mongod.key', join(folder, 'mongod.key')],
      ['/etc/nats/nats.conf', join(folder, 'nats.conf')],
      // The volume that the one container writes to is read by the other from beside nats.conf.
      ['/callout/conf/', join(folder, 'callout', '/')],
      ['/callout/seed/', join(folder, '/')],
      ['mongodb:27017', `127.0.0.1:${mongodb}`],
      ['nats:4222', `127.0.0.1:${nats}`],
      ['0.0.0.0:4222', `127.0.0.1:${nats}`],
      ['nats:8222', `127.0.0.1:${monitor}`],
      ['0.0.0.0:8222', `127.0.0.1:${monitor}`],
      ['127.0.0.1:3000', `127.0.0.1:${gateway}`],
      ['"/data"', JSON.stringify(join(folder, 'nats'))],
    ]);
  }

  get gatewayUrl(): string {
    return this.here('http://127.0.0.1:3000');
  }

  get natsUrl(): string {
    return this.here('nats://nats:4222');
  }

  /** What nats-server includes of the container that makes the key pair of the auth callout. */
  calloutIssuer(): Promise<string> {
    return readFile(this.here('/callout/conf/callout.conf'), 'utf8');
  }

  async startServers(): Promise<void> {
    await writeFile(this.here('/keys/mongod.key'), 'a'.repeat(64), { mode: 0o400 });
    await mkdir(join(this.folder, 'mongod'));
    const [, ...options] = this.service('mongodb').command ?? [];
    const port = this.here('mongodb:27017').split(':')[1] ?? '';
    const ofThisMachine = ['--port', port, '--dbpath', join(this.folder, 'mongod'), '--nounixsocket'];
    const composed = options.map((option) => (option === '--bind_ip_all' ? '--bind_ip=127.0.0.1' : this.here(option)));
    this.spawn('mongodb', await findMongod(quiet), [...composed, ...ofThisMachine], {});
    await writeFile(this.here('/etc/nats/nats.conf'), this.here(await textOf('docker/nats.conf')));
    const natsOptions = (this.service('nats').command ?? []).map((option) => this.here(option));
    this.spawn('nats', await findNatsServer(quiet), natsOptions, this.environmentOf('nats'));
  }

  /** The container that makes the key pair of the auth callout, from its source instead of its bundle. */
  async makeCalloutKey(): Promise<void> {
    await mkdir(join(this.folder, 'callout'), { recursive: true });
    const source = ['--import', './tools/build/src/register.mjs', 'tools/stack/src/make-docker-callout-key.ts'];
    await run(process.execPath, source, { cwd: workspaceRoot, env: this.environmentOf('nats-callout') });
  }

  /** The container that sets MongoDB up, from its source instead of its bundle. */
  async setUpMongodb(): Promise<void> {
    const source = ['--import', './tools/build/src/register.mjs', 'tools/stack/src/set-up-docker-mongod.ts'];
    await run(process.execPath, source, { cwd: workspaceRoot, env: this.environmentOf('mongodb-setup') });
  }

  startApps(): void {
    for (const app of serviceNames) {
      const [, ...options] = this.service(app).command ?? [];
      this.spawn(app, process.execPath, options, this.environmentOf(app));
    }
  }

  /** What the health check says now. */
  async isHealthy(app: ServiceName): Promise<boolean> {
    const [, , ...check] = this.service(app).healthcheck?.test ?? [];
    const options = check.map((part) => this.here(part));
    return run(process.execPath, options, { cwd: workspaceRoot }).then(
      () => true,
      () => false,
    );
  }

  async kill(name: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.children.get(name);
    this.children.delete(name);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }

  async stop(): Promise<void> {
    await Promise.all(serviceNames.map((app) => this.kill(app, 'SIGTERM')));
    for (const name of [...this.children.keys()]) await this.kill(name);
    await rm(this.folder, { recursive: true, force: true });
  }

  private service(name: string): ComposeService {
    const found = this.file.services[name];
    if (!found) throw new Error(`docker-compose.yml has no service ${name}`);
    return found;
  }

  private environmentOf(name: string): Record<string, string> {
    const pairs = Object.entries(this.service(name).environment ?? {}).map(
      ([key, value]) => [key, this.here(interpolate(String(value), this.values))] as const,
    );
    const ofGateway = { KEYPORT_HOST: '127.0.0.1', KEYPORT_PORT: new URL(this.gatewayUrl).port };
    return { ...Object.fromEntries(pairs), ...(name === 'gateway' && ofGateway) };
  }

  private here(text: string): string {
    return this.places.reduce((result, [inContainers, here]) => result.replaceAll(inContainers, here), text);
  }

  private spawn(name: string, program: string, args: readonly string[], env: Record<string, string>): void {
    this.children.set(name, spawn(program, args, { cwd: workspaceRoot, env, stdio: 'ignore' }));
  }
}
