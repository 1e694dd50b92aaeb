import { generateKeyPairSync, randomUUID } from 'node:crypto';
import type { MongoClient } from 'mongodb';
import { SignJWT } from 'jose';
import { startServerChild, type ServerChild } from '../children/ask-child.ts';
import type { HttpTarget } from '../children/http-target.ts';
import type { KeyportSide } from './keyport-side.ts';

const databaseName = 'bench_classical';
const issuer = 'http://classical.example';
/** Of the one user there is. */
const subject = '0123456789abcdef01234567';

/** A server that `GET /v1/auth/me` of Keyport is compared with. */
export interface ComparedServer {
  readonly name: string;
  readonly target: HttpTarget;
  readonly pid: number;
}

/** A bare Fastify route with the very body that Keyport answers, and the classical way of checking a token. */
export class Comparisons {
  private constructor(
    private readonly children: readonly ServerChild[],
    private readonly client: MongoClient,
    readonly fastify: ComparedServer,
    readonly classical: ComparedServer,
  ) {}

  static async start(
    keyport: KeyportSide,
    { mongodbUrl, client }: { readonly mongodbUrl: string; readonly client: MongoClient },
    signal: AbortSignal,
  ): Promise<Comparisons> {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const token = await new SignJWT({ scope: 'imports:create:bench-* records:read:bench-*' })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(issuer)
      .setAudience(issuer)
      .setSubject(subject)
      .setJti(randomUUID())
      .setIssuedAt()
      .setExpirationTime('1d')
      .sign(privateKey);
    const production = { NODE_ENV: 'production' };
    const fastify = await startServerChild(
      'bare-fastify.ts',
      { ...production, BARE_BODY: JSON.stringify(await keyport.me()) },
      signal,
    );
    const jwk = JSON.stringify(publicKey.export({ format: 'jwk' }));
    const place = { MONGODB_URL: mongodbUrl, DATABASE: databaseName, SUBJECT: subject };
    const classical = await startServerChild(
      'classical-me.ts',
      { ...production, ...place, ISSUER: issuer, PUBLIC_JWK: jwk },
      signal,
    );
    const server = (name: string, { url, pid }: ServerChild, authorization: string) => ({
      ...{ name, pid },
      target: { url: `${url}/v1/auth/me`, headers: { authorization } },
    });
    return new Comparisons(
      [fastify, classical],
      client,
      // It does not look at the token, but its parser reads the same bytes.
      server('bare Fastify', fastify, keyport.meTarget().headers.authorization ?? ''),
      server('classical', classical, `Bearer ${token}`),
    );
  }

  async stop(): Promise<void> {
    for (const child of this.children) child.stop();
    await this.client.db(databaseName).dropDatabase();
  }
}
