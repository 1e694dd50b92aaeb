import { Agent, request } from 'node:http';

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** One kept connection to one gateway, as a client has that asks again and again. */
export class GatewayLine {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(private readonly url: string) {}

  /** The status and body of one call. */
  call(method: string, path: string, token: string, json?: unknown): Promise<Answer> {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
    };
    return new Promise((resolve, reject) => {
      const call = request(new URL(path, this.url), { method, headers, agent: this.agent }, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (text: string) => (body += text));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
        response.on('error', reject);
      });
      call.on('error', reject);
      call.end(json === undefined ? undefined : JSON.stringify(json));
    });
  }

  close(): void {
    this.agent.destroy();
  }
}
