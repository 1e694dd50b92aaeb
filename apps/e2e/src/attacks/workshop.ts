import { createPublicKey, generateKeyPairSync, randomUUID, type JsonWebKey, type KeyObject } from 'node:crypto';
import {
  compactJws,
  es256,
  jsonOfPart,
  partsOf,
  withinASecond,
  type KeyportClient,
  type Reply,
  type Signer,
  type TestStack,
} from '@keyport/testing';
import { ownSigningKey } from '../own-signing-key.ts';
import { LoopbackListener } from './loopback-listener.ts';
import { SelfIssuer } from './self-issuer.ts';

type KindOfKey = Parameters<typeof SelfIssuer.registeredBy>[1];

/**
 * What the best equipped attacker could have: a good token, the published keys, keys of their own, a server that a token
 * may point to. And what none has: the key that the deployment signs with, so that each forgery is wrong in one point
 * alone.
 */
export class Workshop {
  readonly foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly foreignRsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

  private readonly selfIssuers = new Map<KindOfKey, Promise<SelfIssuer>>();

  private constructor(
    readonly stack: TestStack,
    readonly owner: KeyportClient,
    /** Reads and imports `orders`, mints keys, and no more. */
    readonly victim: KeyportClient & { readonly keyId: string },
    readonly ownKey: KeyObject,
    readonly ownPublicKey: KeyObject,
    readonly listener: LoopbackListener,
    readonly header: Readonly<Record<string, unknown>>,
    readonly claims: Readonly<Record<string, unknown>>,
  ) {}

  static async in(stack: TestStack): Promise<Workshop> {
    const owner = stack.client;
    await owner.putDataset('orders');
    await owner.putDataset('invoices');
    await owner.imported('orders', 'application/x-ndjson', '{"a":1,"region":"eu"}\n{"a":2,"region":"us"}\n');
    const victim = await owner.minted('records:read:orders', 'keys:create');
    const [header, payload] = partsOf(victim.token ?? '').map((part) => (part ? part : ''));
    const named = jsonOfPart(header ?? '');
    const { keys } = await owner.ok<{ keys: (JsonWebKey & { kid: string })[] }>('/.well-known/jwks.json');
    const jwk = keys.find(({ kid }) => kid === named.kid);
    if (!jwk) throw new Error('the key set does not name the key that signed');
    return new Workshop(
      stack,
      owner,
      victim,
      await ownSigningKey(stack, String(named.kid)),
      createPublicKey({ key: jwk, format: 'jwk' }),
      await LoopbackListener.start(),
      named,
      jsonOfPart(payload ?? ''),
    );
  }

  /** `iss` and `aud` of this deployment. */
  get deployment(): string {
    return String(this.claims.iss);
  }

  get bySelf(): Signer {
    return es256(this.ownKey);
  }

  /** Signed by the deployment's own key unless told; a member that is undefined is left out. */
  token(
    header: Readonly<Record<string, unknown>> = {},
    claims: Readonly<Record<string, unknown>> = {},
    sign: Signer = this.bySelf,
  ): string {
    return this.raw(JSON.stringify({ ...this.header, ...header }), JSON.stringify({ ...this.claims, ...claims }), sign);
  }

  /** Exactly these texts. */
  raw(
    header: string | Uint8Array = JSON.stringify(this.header),
    payload: string | Uint8Array = JSON.stringify(this.claims),
    sign: Signer = this.bySelf,
  ): string {
    return compactJws(header, payload, sign);
  }

  /** The claims with this text as a claim's value: for what `JSON.stringify` does not write. */
  payloadWith(name: string, value: string): string {
    return JSON.stringify({ ...this.claims, [name]: '@' }).replace('"@"', value);
  }

  /** A request with this token; `GET /v1/auth/me` unless told. */
  ask(token: string | undefined, path = '/v1/auth/me', json?: unknown, method = json === undefined ? 'GET' : 'POST') {
    return this.owner.with(token).request(path, { method, ...(json === undefined ? {} : { json }) });
  }

  /** The reply once the token is refused: a revocation arrives within a second. */
  refusalOf(token: string | undefined): Promise<Reply> {
    return withinASecond(
      () => this.ask(token),
      ({ status }) => status === 401,
    );
  }

  /** The one self-issuer with such a key, of the owner. */
  selfIssuer(kind: KindOfKey): Promise<SelfIssuer> {
    const made = this.selfIssuers.get(kind) ?? this.newSelfIssuer(kind);
    this.selfIssuers.set(kind, made);
    return made;
  }

  newSelfIssuer(kind: KindOfKey): Promise<SelfIssuer> {
    return SelfIssuer.registeredBy(this.owner, kind);
  }

  /** A new user who has signed in. */
  async member(...scopes: string[]): Promise<Member> {
    return this.signedIn({ role: 'member', scopes });
  }

  async signedIn(user: { readonly role: string; readonly scopes?: readonly string[] }): Promise<Member> {
    const email = `${randomUUID()}@example.com`;
    const password = randomUUID();
    const created = await this.owner.ok<{ user: { id: string } }>('/v1/users', {
      method: 'POST',
      json: { email, password, ...user },
    });
    const session = await this.login(email, password);
    return { id: created.user.id, email, password, ...session, client: this.owner.with(session.accessToken) };
  }

  login(email: string, password: string): Promise<Session> {
    return this.owner.with(undefined).ok<Session>('/v1/auth/login', { method: 'POST', json: { email, password } });
  }
}

export interface Session {
  readonly accessToken: string;
  readonly refreshToken: string;
}

export interface Member extends Session {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  readonly client: KeyportClient;
}
