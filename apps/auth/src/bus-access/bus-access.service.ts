import { readFile } from 'node:fs/promises';
import { connectionAdvisory, serverSubjects } from '@keyport/contracts';
import { connectBus, onReconnect } from '@keyport/messaging';
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { AUTH_CONFIG, type AuthConfig } from '../config.ts';
import { CalloutService } from './callout.service.ts';
import { CalloutSigner } from './callout-signer.ts';
import { ConnectionsService } from './connections.service.ts';
import { ServerConnections } from './server-connections.ts';

/** Connects to nats-server's system account: answers who may connect, and ends the connections of who may no more. */
@Injectable()
export class BusAccessService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(BusAccessService.name);
  private readonly stopping = new AbortController();
  private connection: NatsConnection | undefined;

  constructor(
    private readonly callout: CalloutService,
    private readonly connections: ConnectionsService,
    @Inject(AUTH_CONFIG) private readonly config: AuthConfig,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { NATS_URL: url, NATS_CALLOUT_USER: user, NATS_CALLOUT_PASSWORD: password } = this.config;
    const { NATS_CALLOUT_SEED_FILE: seedFile } = this.config;
    if (user === undefined || seedFile === undefined) {
      this.logger.log('nobody can connect to NATS with a Keyport key: NATS_CALLOUT_USER and _SEED_FILE are not set');
      return;
    }
    const signer = new CalloutSigner(await readFile(seedFile, 'utf8'));
    const connection = await connectBus({ service: 'callout', url, user, password });
    this.connection = connection;
    this.subscribe(connection, signer);
    await connection.flush();
    this.connections.start(new ServerConnections(connection));
    void onReconnect(connection, this.stopping.signal, () => this.connections.list());
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    this.connections.stop();
    if (this.connection?.isClosed() === false) await this.connection.drain();
  }

  private subscribe(connection: NatsConnection, signer: CalloutSigner): void {
    connection.subscribe(serverSubjects.authorize, {
      queue: 'auth',
      callback: (error, message) => void (error ? this.logger.error(error) : this.callout.answer(message, signer)),
    });
    // Not in a queue group: each process knows of all, whichever of them admitted them.
    this.follow(connection, serverSubjects.connected, (client) => this.connections.connected(client));
    this.follow(connection, serverSubjects.disconnected, (client) => this.connections.disconnected(client));
  }

  private follow(
    connection: NatsConnection,
    subject: string,
    tell: (client: { serverId: string; clientId: number; name: string }) => void,
  ): void {
    const callback = (error: Error | null, message: Msg) => {
      const advisory = error ? undefined : connectionAdvisory.safeParse(message.json());
      if (!advisory?.success) return this.logger.error(error ?? advisory?.error);
      const { server, client } = advisory.data;
      tell({ serverId: server.id, clientId: client.id, name: client.user });
    };
    connection.subscribe(subject, { callback });
  }
}
