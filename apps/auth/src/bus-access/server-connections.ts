import { connectionList, natsAccounts, serverSubjects } from '@keyport/contracts';
import type { Msg, NatsConnection } from '@nats-io/transport-node';

/** A client as nats-server knows it. Its id is given to no other as long as that server runs. */
export interface ServerClient {
  readonly serverId: string;
  readonly clientId: number;
  readonly name: string;
}

/** Names say what a connection may do, and can be long. */
const pageSize = 200;
/** Milliseconds within which the servers of a cluster answer, and between two answers. */
const answersWithinMs = 2_000;
const stallMs = 300;

/** What nats-server says of its clients, and does to them, in its system account. */
export class ServerConnections {
  constructor(readonly connection: NatsConnection) {}

  /** Clients that connected with a Keyport key, and the servers that answered. */
  async publishers(): Promise<{ clients: ServerClient[]; serverIds: ReadonlySet<string> }> {
    const clients: ServerClient[] = [];
    const serverIds = new Set<string>();
    for (let offset = 0; ; offset += pageSize) {
      const query = { auth: true, acc: natsAccounts.publishers, sort: 'cid', limit: pageSize, offset };
      let isLast = true;
      for await (const message of await this.ask(serverSubjects.connections, query)) {
        const { server_id: serverId, total, connections } = connectionList.parse(message.json()).data;
        serverIds.add(serverId);
        clients.push(...connections.map(({ cid, authorized_user: name }) => ({ serverId, clientId: cid, name })));
        if (offset + pageSize < total) isLast = false;
      }
      if (isLast) return { clients, serverIds };
    }
  }

  /** Resolves once the server has answered; one that is gone, or knows the client no more, counts as that. */
  async kick({ serverId, clientId }: ServerClient): Promise<void> {
    const request = JSON.stringify({ cid: clientId });
    await this.connection.request(serverSubjects.kick(serverId), request, { timeout: 1_000 }).catch(() => undefined);
  }

  private ask(subject: string, query: object): Promise<AsyncIterable<Msg>> {
    const options = { maxWait: answersWithinMs, strategy: 'stall', stall: stallMs } as const;
    return this.connection.requestMany(subject, JSON.stringify(query), options);
  }
}
