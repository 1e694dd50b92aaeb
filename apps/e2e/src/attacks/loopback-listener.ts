import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';

/** A server that a token may point to. Nobody should come. */
export class LoopbackListener {
  private constructor(
    private readonly server: Server,
    readonly url: string,
    private readonly seen: { count: number },
  ) {}

  static async start(): Promise<LoopbackListener> {
    const seen = { count: 0 };
    const server = createServer((socket) => {
      seen.count += 1;
      socket.destroy();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new LoopbackListener(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen);
  }

  /** Connections until now. */
  get connections(): number {
    return this.seen.count;
  }

  async stop(): Promise<void> {
    this.server.close();
    await once(this.server, 'close');
  }
}
