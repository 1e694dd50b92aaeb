import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

const addresses = { KEYPORT_ISSUER_NETWORKS: '127.0.0.0/8' };

/** With which auth fetches key sets from this machine. */
export const fetchingHere = (refreshSeconds: number, restSeconds: number) => ({
  ...addresses,
  KEYPORT_ISSUER_REFRESH_SECONDS: String(refreshSeconds),
  KEYPORT_ISSUER_REST_SECONDS: String(restSeconds),
});

/** Where another issuer's keys lie: a server of HTTP on this machine, which counts who asks. */
export class KeySetServer {
  private keys: readonly JsonWebKey[] = [];
  /** Instead of the key set. */
  answer: RequestListener | undefined;
  /** Requests that arrived. */
  hits = 0;

  private constructor(private readonly server: Server) {}

  /** With one key of that name. */
  static async start(...kids: string[]): Promise<KeySetServer> {
    const server = createServer((request, response) => {
      started.hits += 1;
      if (started.answer) started.answer(request, response);
      else response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: started.keys }));
    });
    const started = new KeySetServer(server);
    started.has(...kids);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return started;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/jwks`;
  }

  /** From now on it has new keys of these names, and no others. */
  has(...kids: string[]): void {
    this.keys = kids.map((kid) => ({ ...publicJwk(), kid, alg: 'ES256', use: 'sig' }));
  }

  /** It takes connections and breaks them off. */
  goDown(): void {
    this.answer = (request) => request.socket.destroy();
  }

  goUp(): void {
    this.answer = undefined;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

export const publicJwk = (): JsonWebKey =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
