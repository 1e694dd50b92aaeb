import { DpopKey, type KeyportClient } from '@keyport/testing';

const scopes = ['records:read:bench-*'];

type Headers = Readonly<Record<string, string>>;

/** An OAuth 2 client of the deployment, whose tokens are bound to a key, or to none. */
export class BoundClient {
  private readonly key = new DpopKey();

  private constructor(
    private readonly owner: KeyportClient,
    private readonly credentials: string,
  ) {}

  static async register(owner: KeyportClient): Promise<BoundClient> {
    const json = { name: 'bench', grants: ['client_credentials'], scopes };
    const made = await owner.ok<{ client: { id: string }; secret: string }>('/v1/clients', { method: 'POST', json });
    const credentials = Buffer.from(`${made.client.id}:${encodeURIComponent(made.secret)}`).toString('base64');
    return new BoundClient(owner, `Basic ${credentials}`);
  }

  /** So many requests of the URL with a token that is bound to nothing. */
  async plainRequests(count: number): Promise<Headers[]> {
    const authorization = `Bearer ${await this.token({})}`;
    return Array.from({ length: count }, () => ({ authorization }));
  }

  /** The same with a bound one, each with a proof of its own: to be sent within a minute. */
  async provenRequests(url: string, count: number): Promise<Headers[]> {
    const endpoint = new URL('/oauth/token', this.owner.url).href;
    const token = await this.token({ dpop: this.key.proof({ method: 'POST', url: endpoint }) });
    return Array.from({ length: count }, () => this.key.headers({ url, token }));
  }

  private async token(proof: Headers): Promise<string> {
    const { access_token: token } = await this.owner.with(undefined).ok<{ access_token: string }>('/oauth/token', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: this.credentials, ...proof },
      body: 'grant_type=client_credentials',
    });
    return token;
  }
}
