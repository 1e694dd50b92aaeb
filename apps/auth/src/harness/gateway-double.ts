import { randomUUID } from 'node:crypto';
import { busAudience, tokenTypes } from '@keyport/access';
import { buckets, KeyportError, type ReplyOf, type RequestContract, type RequestInput } from '@keyport/contracts';
import { BusHealth, connectBus, openBucket, Requester } from '@keyport/messaging';
import type { NatsConnection } from '@nats-io/transport-node';
import { decodeJwt, exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';

/** In whose name a request is sent; whatever is not told is that of a session of `user-1`. */
export interface Who {
  readonly iss?: string;
  readonly sub?: string;
  readonly jti?: string;
  readonly key?: string;
  readonly anc?: readonly string[];
  readonly scope: string;
}

/** Stands where a gateway stands: with its NATS user, and a key of its own to sign caller contexts with. */
export class GatewayDouble {
  private readonly requester: Requester;

  private constructor(
    readonly connection: NatsConnection,
    private readonly kid: string,
    private readonly key: CryptoKey,
  ) {
    this.requester = new Requester(connection, 'gateway', new BusHealth(connection));
  }

  /** Publishes its key; the bucket must be there. */
  static async connect({
    NATS_URL,
    NATS_USER,
    NATS_PASSWORD,
  }: Readonly<Record<string, string>>): Promise<GatewayDouble> {
    const url = NATS_URL ?? '';
    const connection = await connectBus({ service: 'gateway', url, user: NATS_USER, password: NATS_PASSWORD });
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const kid = `gateway-${randomUUID()}`;
    const bucket = await openBucket(connection, buckets.contextKeys);
    await bucket.put(kid, JSON.stringify({ jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256' } }));
    return new GatewayDouble(connection, kid, privateKey);
  }

  /** The context that a gateway makes of this access token. */
  static whoHas(token: string): Who {
    const { iss, sub, jti, key, anc, scope } = decodeJwt<Record<string, never>>(token);
    return { iss, sub, jti, key, anc, scope } as unknown as Who;
  }

  contextFor(who: Who): Promise<string> {
    return new SignJWT({ iss: 'http://127.0.0.1:3000', sub: 'user-1', jti: randomUUID(), ...who })
      .setProtectedHeader({ kid: this.kid, typ: tokenTypes.context, alg: 'ES256' })
      .setAudience(busAudience)
      .setIssuedAt()
      .setExpirationTime('60s')
      .sign(this.key);
  }

  async ask<C extends RequestContract>(contract: C, request: RequestInput<C>, who?: Who): Promise<ReplyOf<C>> {
    if (!who) return this.requester.request(contract, request);
    return this.askWith(await this.contextFor(who), contract, request);
  }

  /** Asks with this text as the authority, whatever it is. */
  askWith<C extends RequestContract>(authority: string, contract: C, request: RequestInput<C>): Promise<ReplyOf<C>> {
    return this.requester.request(contract, request, { authority });
  }

  /** The error that the request ends with, or undefined. */
  async refusal<C extends RequestContract>(contract: C, request: RequestInput<C>, who?: Who) {
    try {
      await this.ask(contract, request, who);
      return undefined;
    } catch (error) {
      if (error instanceof KeyportError) return error;
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.connection.close();
  }
}
