import { toolUsers, type ServiceName, type ToolUser } from '@keyport/contracts';
import { BusHealth, connectBus, Requester } from '@keyport/messaging';
import { startTemporaryServers, type Servers } from '@keyport/stack';
import type { NatsConnection } from '@nats-io/transport-node';
import { ServiceProcess, type Environment } from './service-process.ts';
import { eventually } from './until.ts';

/** Real mongod and nats-server in a new folder, services as processes beside them, and connections of any NATS user. */
export class TestServers {
  private readonly processes: ServiceProcess[] = [];
  private readonly connections = new Map<string, Promise<NatsConnection>>();

  private constructor(private readonly servers: Servers) {}

  static async start(): Promise<TestServers> {
    return new TestServers(await startTemporaryServers());
  }

  get home(): string {
    return this.servers.home;
  }

  /** As administrator. */
  get mongodbUrl(): string {
    return this.servers.mongodbUrl;
  }

  envOf(service: ServiceName): Readonly<Record<string, string>> {
    return { ...this.servers.envOf(service), KEYPORT_HOME: this.home };
  }

  /** Starts a service, and does not wait for it. */
  launch(service: ServiceName, env: Environment = {}): ServiceProcess {
    const launched = new ServiceProcess(service, { ...this.envOf(service), ...env });
    this.processes.push(launched);
    return launched;
  }

  /** Starts a service; resolves once it serves. */
  async service(service: ServiceName, env?: Environment): Promise<ServiceProcess> {
    const launched = this.launch(service, env);
    await launched.ready;
    return launched;
  }

  /** Address of nats-server, without a user. */
  get natsUrl(): string {
    return this.servers.natsUrl;
  }

  /** The one connection as this NATS user. */
  connectionOf(user: ServiceName | ToolUser): Promise<NatsConnection> {
    const made = this.connections.get(user) ?? this.connect(user);
    this.connections.set(user, made);
    return made;
  }

  /** Sends requests as this service does. */
  async requesterOf(service: ServiceName): Promise<Requester> {
    const connection = await this.connectionOf(service);
    return new Requester(connection, service, new BusHealth(connection));
  }

  /** Kills a server; resolves once it was started again by whoever started it. */
  async kill(name: 'mongod' | 'nats'): Promise<void> {
    const server = this.servers.processes[name];
    const before = server?.pid;
    if (before === undefined) throw new Error(`${name} does not run`);
    process.kill(before, 'SIGKILL');
    await eventually(
      () => server?.pid,
      (pid) => pid !== undefined && pid !== before,
    );
  }

  /** Ends everything at once. */
  async stop(): Promise<void> {
    await Promise.all(this.processes.map((service) => service.end('SIGKILL')));
    for (const connection of this.connections.values()) await (await connection).close();
    await this.servers.stop();
  }

  private connect(user: ServiceName | ToolUser): Promise<NatsConnection> {
    const { natsUrl: url, natsAdminOf } = this.servers;
    const tool = toolUsers.find((name) => name === user);
    if (tool) return connectBus({ service: tool, url, ...natsAdminOf(tool) });
    const { NATS_USER, NATS_PASSWORD } = this.envOf(user as ServiceName);
    return connectBus({ service: user, url, user: NATS_USER, password: NATS_PASSWORD });
  }
}
