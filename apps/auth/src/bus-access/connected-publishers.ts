import { nowSeconds, Refusal, scopeIsHeld, type Judge, type KeyView } from '@keyport/access';
import { labelOf, namedConnection, type NamedConnection } from './connection-name.ts';
import type { ServerClient } from './server-connections.ts';

export interface Connected extends ServerClient {
  readonly named: NamedConnection | undefined;
  /** Milliseconds since the epoch. */
  readonly knownSince: number;
  /** Lists of their server's, or of all servers that answered, which they were missing from. */
  missed: number;
}

/** Lists without an answer of a server after which its clients count as gone with it. */
const missedLists = 3;

/** Who is connected with a Keyport key, on any server and admitted by any auth process, and whether they still may be. */
export class ConnectedPublishers {
  private readonly clients = new Map<string, Connected>();

  constructor(
    private readonly judge: Judge,
    private readonly signingKeys: Pick<KeyView, 'has'>,
  ) {}

  get all(): readonly Connected[] {
    return [...this.clients.values()];
  }

  add(client: ServerClient, knownSince = Date.now()): void {
    const key = keyOf(client);
    const known = this.clients.get(key);
    if (known?.name === client.name) known.missed = 0;
    else this.clients.set(key, { ...client, named: namedConnection(client.name), knownSince, missed: 0 });
  }

  remove(client: Pick<ServerClient, 'serverId' | 'clientId'>): void {
    this.clients.delete(keyOf(client));
  }

  /** Takes over what servers listed after `askedAt`; who connected since is kept. */
  reconcile(listed: readonly ServerClient[], serverIds: ReadonlySet<string>, askedAt: number): void {
    const present = new Set(listed.map(keyOf));
    for (const client of listed) this.add(client);
    for (const [key, client] of this.clients) {
      if (present.has(key) || client.knownSince >= askedAt) continue;
      client.missed += 1;
      if (serverIds.has(client.serverId) || client.missed >= missedLists) this.clients.delete(key);
    }
  }

  /** Those that may be connected no more, and why. */
  lost(): { readonly client: Connected; readonly reason: string }[] {
    if (this.judge.gaps().some(({ code }) => code === 'not_read')) return [];
    return this.all.flatMap((client) => {
      const reason = this.lostBy(client);
      return reason === undefined ? [] : [{ client, reason }];
    });
  }

  private lostBy({ named }: Connected): string | undefined {
    if (!named) return 'nobody knows whom it was opened for';
    if (named.renewAt !== undefined && named.renewAt <= nowSeconds()) return 'it is to be opened anew';
    const { identity } = named.holder;
    const isSigned = identity.publicKeyId !== undefined || this.signingKeys.has(identity.signedBy);
    if (!isSigned) return 'the key that signed its token is known no more';
    const rights = this.judge.rightsNow(named.holder);
    if (rights instanceof Refusal) return rights.reason;
    const gone = identity.scopes.find((scope) => !scopeIsHeld(scope, rights.scopes));
    return gone === undefined ? undefined : `it has ${gone} no more`;
  }
}

const keyOf = ({ serverId, clientId }: Pick<ServerClient, 'serverId' | 'clientId'>) => `${serverId}.${clientId}`;

export const labelOfClient = ({ named, clientId }: Connected): string =>
  named ? labelOf(named.holder.identity) : `client ${clientId}`;
