import 'reflect-metadata';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ServiceName } from '@keyport/contracts';
import { BusErrorFilter, BusServer, connectBus, MessagingModule } from '@keyport/messaging';
import { loadConfig } from '@keyport/service';
import { startServers, type Servers } from '@keyport/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { Module, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import mongoose, { type Connection } from 'mongoose';
import { AppModule } from '../app.module.ts';
import { authConfig } from '../config.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface OwnerFile {
  readonly email: string;
  readonly password: string;
  readonly token: string;
}

/** The service as a process of its own, to be killed. */
export interface AuthProcess {
  readonly child: ChildProcess;
  /** Resolves once it serves; rejects where it ends before. */
  readonly ready: Promise<void>;
  /** All that it printed. */
  output(): string;
  end(signal: NodeJS.Signals): Promise<void>;
}

@Module({})
class TestRoot {}

const root = fileURLToPath(new URL('../../../..', import.meta.url));

/** Real mongod and nats-server with the users that a stack gives to auth; each `fresh()` begins a deployment anew. */
export class AuthSystem {
  private readonly apps: INestMicroservice[] = [];
  private readonly processes: AuthProcess[] = [];

  private constructor(
    private readonly folder: string,
    readonly servers: Servers,
    /** As administrator. */
    readonly database: Connection,
    /** As administrator. */
    readonly bus: NatsConnection,
    public home: string,
  ) {}

  static async start(): Promise<AuthSystem> {
    const folder = await mkdtemp(join(tmpdir(), 'keyport-auth-'));
    const servers = await startServers({ home: join(folder, 'servers'), log: () => undefined });
    const database = await mongoose.createConnection(servers.mongodbUrl, { dbName: 'auth' }).asPromise();
    const { user, password } = servers.natsAdmin;
    const bus = await connectBus({ service: 'admin' as ServiceName, url: servers.natsUrl, user, password });
    return new AuthSystem(folder, servers, database, bus, await mkdtemp(join(folder, 'home-')));
  }

  /** An empty database, an empty bus and a new home folder. */
  async fresh(): Promise<void> {
    await this.endServices();
    await this.database.dropDatabase();
    const manager = await jetstreamManager(this.bus, { checkAPI: false });
    for await (const { config } of manager.streams.list()) await manager.streams.delete(config.name);
    this.home = await mkdtemp(join(this.folder, 'home-'));
  }

  async stop(): Promise<void> {
    await this.endServices();
    await this.database.close();
    await this.bus.close();
    await this.servers.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Starts the service inside this process. */
  async serve(environment: Environment = {}): Promise<INestMicroservice> {
    const config = loadConfig(authConfig, { ...this.environment(), ...environment });
    const { NATS_URL: url, NATS_USER: user, NATS_PASSWORD: password } = config;
    const connection = await connectBus({ service: 'auth', url, user, password });
    try {
      const imports = [MessagingModule.on(connection, 'auth'), AppModule.on(config)];
      const app = await NestFactory.createMicroservice<MicroserviceOptions>(
        { module: TestRoot, imports },
        { strategy: new BusServer('auth', connection), logger: false, abortOnError: false },
      );
      app.useGlobalFilters(new BusErrorFilter());
      this.apps.push(app);
      await app.listen();
      return app;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** Starts the service as a launcher does. */
  spawn(environment: Environment = {}): AuthProcess {
    const child = spawn(
      process.execPath,
      ['--import', './tools/build/src/register.mjs', fileURLToPath(new URL('../main.ts', import.meta.url))],
      {
        cwd: root,
        env: { ...process.env, ...this.environment(), ...environment },
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      },
    );
    let output = '';
    const collect = (data: Buffer) => {
      output += data.toString();
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    const exited = once(child, 'exit');
    const ready = Promise.race([
      once(child, 'message').then(() => undefined),
      exited.then(() => {
        throw new Error(`auth ended before it served:\n${output}`);
      }),
    ]);
    ready.catch(() => undefined);
    const end = async (signal: NodeJS.Signals) => {
      child.kill(signal);
      await exited;
    };
    const process_ = { child, ready, end, output: () => output };
    this.processes.push(process_);
    return process_;
  }

  async ownerFile(): Promise<OwnerFile> {
    return JSON.parse(await readFile(join(this.home, 'owner.json'), 'utf8')) as OwnerFile;
  }

  private environment(): Environment {
    return { ...this.servers.envOf('auth'), LOG_LEVEL: 'debug', KEYPORT_HOME: this.home };
  }

  private async endServices(): Promise<void> {
    await Promise.all(this.processes.splice(0).map((process) => process.end('SIGKILL')));
    await Promise.all(this.apps.splice(0).map((app) => app.close()));
  }
}

/** Asks until the answer is as wanted; the test's own time limit ends it otherwise. */
export async function until<T>(ask: () => Promise<T> | T, isWanted: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
    await delay(20);
  }
}
