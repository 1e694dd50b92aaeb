import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const headEnd = Buffer.from('\r\n\r\n');

/**
 * One keep-alive connection that asks one thing at a time and reads answers with a Content-Length, and nothing else of
 * HTTP: a load that costs the machine little beside the server that is measured.
 */
export class KeepAliveLine {
  private readonly socket: Socket;
  private received: Buffer = Buffer.alloc(0);
  private settle: { resolve: (status: number) => void; reject: (error: Error) => void } | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (data) => this.take(data));
    socket.on('error', (error) => this.settle?.reject(error));
    socket.on('close', () => this.settle?.reject(new Error('the server closed the connection')));
  }

  static async open(url: string): Promise<KeepAliveLine> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    return new KeepAliveLine(socket);
  }

  /** The status of the whole answer. */
  ask(request: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
      this.socket.write(request, 'latin1');
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private take(data: Buffer): void {
    this.received = this.received.length === 0 ? data : Buffer.concat([this.received, data]);
    const end = this.received.indexOf(headEnd);
    if (end < 0) return;
    const head = this.received.toString('latin1', 0, end).toLowerCase();
    const at = head.indexOf('\r\ncontent-length: ');
    if (at < 0) {
      this.settle?.reject(new Error('an answer without Content-Length'));
      return;
    }
    if (this.received.length < end + 4 + parseInt(head.slice(at + 18), 10)) return;
    const { settle } = this;
    this.settle = undefined;
    this.received = Buffer.alloc(0);
    settle?.resolve(Number(head.slice(9, 12)));
  }
}

/** A GET as text. */
export function getRequest(url: string, headers: Readonly<Record<string, string>>): string {
  const { host, pathname, search } = new URL(url);
  const lines = Object.entries({ host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${pathname}${search} HTTP/1.1\r\n${lines.join('')}\r\n`;
}
