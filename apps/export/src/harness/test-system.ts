import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startServers, type Servers } from '@keyport/testing';
import { ChildService } from './child-service.ts';
import { GatewayDouble } from './gateway-double.ts';

/** Real mongod, nats-server and auth, and someone who speaks for callers; the test adds `records` and `export`. */
export class TestSystem {
  private readonly started: { readonly app: string; readonly process: ChildService }[] = [];

  private constructor(
    readonly home: string,
    readonly servers: Servers,
    readonly gateway: GatewayDouble,
  ) {}

  static async start(): Promise<TestSystem> {
    const home = await mkdtemp(join(tmpdir(), 'keyport-export-'));
    const servers = await startServers({ home, log: () => undefined });
    const auth = await ChildService.start('auth', { ...servers.envOf('auth'), KEYPORT_HOME: home });
    const system = new TestSystem(home, servers, await GatewayDouble.connect(servers.envOf('gateway')));
    system.started.push({ app: 'auth', process: auth });
    return system;
  }

  async service(app: 'export' | 'records', env: Readonly<Record<string, string>> = {}): Promise<ChildService> {
    const service = await ChildService.start(app, { ...this.servers.envOf(app), ...env });
    this.started.push({ app, process: service });
    return service;
  }

  /** The one that was started last. */
  processOf(app: 'export' | 'records'): ChildService {
    const found = this.started.findLast((started) => started.app === app);
    if (!found) throw new Error(`${app} was not started`);
    return found.process;
  }

  async stop(): Promise<void> {
    await this.gateway.close();
    await Promise.all(this.started.map(({ process }) => process.end('SIGTERM')));
    await this.servers.stop();
    await rm(this.home, { recursive: true, force: true });
  }
}

/** Asks until the answer is as wanted; the test's own time limit ends it otherwise. */
export async function until<T>(ask: () => Promise<T> | T, isWanted: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
    await delay(25);
  }
}
