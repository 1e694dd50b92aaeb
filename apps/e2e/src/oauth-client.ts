import type { KeyportClient } from '@keyport/testing';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose';

export interface RegisteredClient {
  readonly id: string;
  readonly scopes: readonly string[];
  readonly grants: readonly string[];
  readonly authentication: string;
}

export interface Registered {
  readonly client: RegisteredClient;
  /** Empty for a client that has none. */
  readonly secret: string;
}

interface Wanted {
  readonly name?: string;
  readonly grants?: readonly string[];
  readonly scopes?: readonly string[];
  readonly authentication?: string;
  readonly jwks?: { readonly keys: readonly object[] };
}

/** A client for client_credentials, unless told. */
export async function registerClient(by: KeyportClient, wanted: Wanted = {}): Promise<Registered> {
  const json = { name: 'a program', grants: ['client_credentials'], scopes: ['records:read:orders'], ...wanted };
  const { client, secret } = await by.ok<{ client: RegisteredClient; secret: string | null }>('/v1/clients', {
    method: 'POST',
    json,
  });
  return { client, secret: secret ?? '' };
}

/** A client that signs assertions, with its own key pair. */
export class SigningClient {
  private constructor(
    readonly client: RegisteredClient,
    readonly privateKey: CryptoKey,
    readonly alg: string,
  ) {}

  static async registeredBy(by: KeyportClient, { alg = 'ES256', ...wanted }: Wanted & { alg?: string } = {}) {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg };
    const { client } = await registerClient(by, { jwks: { keys: [jwk] }, ...wanted });
    return new SigningClient(client, privateKey, alg);
  }

  /** Good for a minute, at this deployment, unless told. */
  assertion(claims: JWTPayload, { key = this.privateKey, header = {} }: { key?: CryptoKey; header?: object } = {}) {
    const now = Math.floor(Date.now() / 1000);
    const { id } = this.client;
    return new SignJWT({ iss: id, sub: id, iat: now, exp: now + 60, jti: crypto.randomUUID(), ...claims })
      .setProtectedHeader({ alg: this.alg, kid: 'one', ...header })
      .sign(key);
  }
}

export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** A form sent to an OAuth endpoint. */
export const sendForm = (
  to: KeyportClient,
  path: string,
  form: Readonly<Record<string, string>> | string,
  headers: Readonly<Record<string, string>> = {},
) =>
  to.with(undefined).request<Record<string, unknown>>(path, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: typeof form === 'string' ? form : new URLSearchParams(form).toString(),
  });

export const basicOf = (id: string, secret: string): { readonly authorization: string } => ({
  authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
});
