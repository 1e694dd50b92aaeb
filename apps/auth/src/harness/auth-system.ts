import 'reflect-metadata';
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BusErrorFilter, BusServer, connectBus, MessagingModule } from '@keyport/messaging';
import { loadConfig } from '@keyport/service';
import { GatewayDouble, TestServers, type Environment, type OwnerFile, type ServiceProcess } from '@keyport/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { Module, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import mongoose, { type Connection } from 'mongoose';
import { AppModule } from '../app.module.ts';
import { authConfig } from '../config.ts';

@Module({})
class TestRoot {}

/** Real mongod and nats-server with the users that a stack gives to auth; each `fresh()` begins a deployment anew. */
export class AuthSystem {
  private readonly apps: INestMicroservice[] = [];
  private readonly processes: ServiceProcess[] = [];

  private constructor(
    readonly servers: TestServers,
    /** As administrator. */
    readonly database: Connection,
    /** As administrator. */
    readonly bus: NatsConnection,
    public home: string,
  ) {}

  static async start(): Promise<AuthSystem> {
    const servers = await TestServers.start();
    const database = await mongoose.createConnection(servers.mongodbUrl, { dbName: 'auth' }).asPromise();
    return new AuthSystem(servers, database, await servers.connectionOf('admin-auth'), await newHome(servers));
  }

  /** An empty database, an empty bus and a new home folder. */
  async fresh(): Promise<void> {
    await this.endServices();
    await this.database.dropDatabase();
    const manager = await jetstreamManager(this.bus, { checkAPI: false });
    for await (const { config } of manager.streams.list()) await manager.streams.delete(config.name);
    this.home = await newHome(this.servers);
  }

  async stop(): Promise<void> {
    await this.endServices();
    await this.database.close();
    await this.servers.stop();
  }

  /** Starts the service inside this process. */
  async serve(environment: Environment = {}): Promise<INestMicroservice> {
    const config = loadConfig(authConfig, { ...this.servers.envOf('auth'), ...this.surroundings(), ...environment });
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
  launch(environment: Environment = {}): ServiceProcess {
    const launched = this.servers.launch('auth', { ...this.surroundings(), ...environment });
    this.processes.push(launched);
    return launched;
  }

  /** Waits for a service that has made the buckets. */
  gateway(): Promise<GatewayDouble> {
    return GatewayDouble.on(this.servers);
  }

  async ownerFile(): Promise<OwnerFile> {
    return JSON.parse(await readFile(join(this.home, 'owner.json'), 'utf8')) as OwnerFile;
  }

  private surroundings(): Environment {
    return { LOG_LEVEL: 'debug', KEYPORT_HOME: this.home };
  }

  /** Ends them all; what the servers hold stays. */
  async endServices(): Promise<void> {
    await Promise.all(this.processes.splice(0).map((process) => process.end('SIGKILL')));
    await Promise.all(this.apps.splice(0).map((app) => app.close()));
  }
}

const newHome = ({ home }: TestServers) => mkdtemp(join(home, 'auth-'));
