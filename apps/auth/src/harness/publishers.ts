import { createKey, listKeys, putDataset, streams } from '@keyport/contracts';
import { codeOf, connectPublisher, eventually, type Environment, type GatewayDouble, type Who } from '@keyport/testing';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { ConnectionOptions, NatsConnection } from '@nats-io/transport-node';
import { decodeJwt } from 'jose';
import { AuthSystem } from './auth-system.ts';
import { People } from './people.ts';

/** Auth, records and the stream of events; keys of the owner, and clients that connect to nats-server with them. */
export class Publishers {
  private readonly opened: NatsConnection[] = [];

  private constructor(
    readonly system: AuthSystem,
    readonly gateway: GatewayDouble,
    readonly people: People,
  ) {}

  /** With a dataset of each of these names. */
  static async start(datasets: readonly string[]): Promise<Publishers> {
    const system = await AuthSystem.start();
    await system.serve();
    await system.servers.service('records');
    const gateway = await system.gateway();
    const publishers = new Publishers(system, gateway, await People.of(system, gateway));
    const manager = await jetstreamManager(await system.servers.connectionOf('admin-import'), { checkAPI: false });
    const { name, subjects } = streams.ingest;
    await manager.streams.add({ name, subjects: [...subjects] });
    for (const dataset of datasets) await publishers.addDataset(dataset);
    return publishers;
  }

  async stop(): Promise<void> {
    for (const connection of this.opened) await connection.close();
    await this.system.stop();
  }

  /** Ends auth and starts it anew; resolves once it answers. */
  async restartAuth(environment: Environment = {}): Promise<void> {
    await this.system.endServices();
    await this.system.serve(environment);
    await eventually(
      () => codeOf(this.gateway.ask(listKeys, {}, this.people.owner)),
      (code) => code === 'none',
    );
  }

  async addDataset(name: string): Promise<void> {
    await this.gateway.ask(putDataset, { name }, this.people.owner);
  }

  async mint(scopes: string[], rest: object = {}, who: Who = this.people.owner) {
    const { token, key } = await this.gateway.ask(createKey, { name: 'orders service', scopes, ...rest }, who);
    return { token, keyId: key.id };
  }

  async open(token: string, options: ConnectionOptions = {}): Promise<NatsConnection> {
    const connection = await connectPublisher(this.system.servers.natsUrl, token, options);
    this.opened.push(connection);
    return connection;
  }

  /** Name of the error with which nats-server refuses who connects so; `none` where it does not. */
  refusalOf(token: string, options: ConnectionOptions = {}): Promise<string> {
    return this.open(token, { reconnect: false, ...options }).then(
      () => 'none',
      ({ name }: Error) => name,
    );
  }
}

/** An event, acknowledged. What it says is nobody's business here. */
export const publishTo = (dataset: string, connection: NatsConnection) =>
  jetstream(connection, { checkAPI: false }).publish(`ingest.v1.${dataset}`, '{}', { timeout: 60_000 });

/** Seconds since the epoch. */
export const expiryOf = (token: string): number => decodeJwt(token).exp ?? 0;

/** Milliseconds from the end of the change until the connection, which does not reconnect, was closed. */
export async function closedAfter(connection: NatsConnection, change: () => Promise<unknown>): Promise<number> {
  const closed = connection.closed().then(() => performance.now());
  await change();
  const changed = performance.now();
  return (await closed) - changed;
}
