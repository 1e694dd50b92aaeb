import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, importJWK, SignJWT, type JWK, type JWTPayload } from 'jose';
import { Provider, type Configuration } from 'oidc-provider';

/** What its access tokens are for. */
export const companyAudience = 'https://keyport.company.example';
const client = { id: 'ci', secret: 'a secret of the company, and no other' };

export interface TokenWish {
  /** Groups that the token says. */
  readonly groups?: readonly string[];
  /** Seconds. */
  readonly lifetime?: number;
}

/**
 * A company's own provider: oidc-provider, as it is, on this machine. It gives access tokens (RFC 9068) to a program, whose
 * `groups` say what it belongs to. Its keys can be changed, and it can be taken down and up again.
 */
export class CompanyProvider {
  private wish: TokenWish = {};
  private answer: RequestListener | undefined;
  private server: Server | undefined;
  private key: JWK = {};
  /** How often its key set was asked for. */
  keySetHits = 0;

  private constructor(readonly port: number) {}

  static async start(): Promise<CompanyProvider> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const provider = new CompanyProvider(port);
    await provider.rotate('first');
    await provider.up();
    return provider;
  }

  get issuer(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get jwksUri(): string {
    return `${this.issuer}/jwks`;
  }

  /** From now on it signs with another key, and knows no other. */
  async rotate(kid: string, alg = 'RS256'): Promise<void> {
    const { privateKey } = await generateKeyPair(alg, { extractable: true });
    this.key = { ...(await exportJWK(privateKey)), kid, alg, use: 'sig' };
    const provider = new Provider(this.issuer, this.configuration(alg));
    // It says that a loopback address has no TLS, each time.
    provider.on('server_error', (_context, error) => console.error(error));
    const answer = provider.callback();
    this.answer = (request, response) => void answer(request, response);
  }

  async up(): Promise<void> {
    this.server = createServer((request, response) => {
      if (request.url === '/jwks') this.keySetHits += 1;
      this.answer?.(request, response);
    });
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
  }

  async down(): Promise<void> {
    const { server } = this;
    if (!server) return;
    this.server = undefined;
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }

  /** Got from its token endpoint, as a program would. */
  async accessToken(wish: TokenWish = {}): Promise<string> {
    this.wish = wish;
    const response = await fetch(`${this.issuer}/token`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${client.id}:${encodeURIComponent(client.secret)}`).toString('base64')}`,
      },
      body: new URLSearchParams({ grant_type: 'client_credentials', resource: companyAudience }),
    });
    const { access_token: token } = (await response.json()) as { access_token?: string };
    if (token === undefined) throw new Error(`the provider gave no token: ${response.status}`);
    return token;
  }

  /** Signed with its key, as its operator could: for what its token endpoint does not give. */
  async signed(claims: JWTPayload, header: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const { kid = '', alg = '' } = this.key;
    const said = { iss: this.issuer, sub: client.id, aud: companyAudience, iat: now, exp: now + 300 };
    return new SignJWT({ ...said, jti: crypto.randomUUID(), groups: ['data-team'], ...claims })
      .setProtectedHeader({ kid, alg, typ: 'at+jwt', ...header })
      .sign(await importJWK(this.key, alg));
  }

  private configuration(alg: string): Configuration {
    return {
      jwks: { keys: [this.key] },
      clients: [
        {
          client_id: client.id,
          client_secret: client.secret,
          grant_types: ['client_credentials'],
          redirect_uris: [],
          response_types: [],
          id_token_signed_response_alg: alg,
        },
      ],
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: () => ({
            scope: '',
            audience: companyAudience,
            accessTokenFormat: 'jwt',
            accessTokenTTL: this.wish.lifetime ?? 300,
            jwt: { sign: { alg: alg as 'RS256' } },
          }),
        },
      },
      extraTokenClaims: () => ({ groups: this.wish.groups ?? ['data-team'] }),
    } as Configuration;
  }
}
