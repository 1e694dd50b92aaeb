import { randomUUID } from 'node:crypto';
import { busAudience, nowSeconds, tokenTypes } from '@keyport/access';
import { buckets, type ReplyOf, type RequestContract, type RequestInput, type ServiceName } from '@keyport/contracts';
import { BusHealth, completionMarker, connectBus, createBucket, Requester } from '@keyport/messaging';
import type { Servers } from '@keyport/testing';
import type { NatsConnection } from '@nats-io/transport-node';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';

const kid = 'keyport-test-gateway';

/** Asks the service as gateway, import and export do: each with its own NATS user, in the name of a caller. */
export class BusClient {
  private readonly connections = new Map<ServiceName, { connection: NatsConnection; requester: Requester }>();

  private constructor(
    private readonly servers: Servers,
    private readonly privateKey: CryptoKey,
  ) {}

  /** Prepares on the bus what auth and a gateway would: the buckets, nothing revoked, one context key. */
  static async connect(servers: Servers): Promise<BusClient> {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const client = new BusClient(servers, privateKey);
    const { connection: auth } = await client.connectionOf('auth');
    for (const bucket of [buckets.revocations, buckets.jwks]) {
      await (await createBucket(auth, bucket)).put(completionMarker, '{}');
    }
    await createBucket(auth, buckets.contextKeys);
    const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'ES256' };
    const { connection: gateway } = await client.connectionOf('gateway');
    gateway.publish(`$KV.${buckets.contextKeys.name}.${kid}`, JSON.stringify({ jwk }));
    await gateway.flush();
    return client;
  }

  /** The authority of someone with these scopes. */
  caller(...scopes: readonly string[]): Promise<string> {
    const iat = nowSeconds();
    return new SignJWT({ iss: 'https://keyport.test', sub: 'ann', jti: randomUUID(), scope: scopes.join(' ') })
      .setProtectedHeader({ kid, typ: tokenTypes.context, alg: 'ES256' })
      .setAudience(busAudience)
      .setIssuedAt(iat)
      .setExpirationTime(iat + 60)
      .sign(this.privateKey);
  }

  /** Sends a request as the service that sends it in production; with all rights unless an authority is given. */
  async ask<C extends RequestContract>(
    as: ServiceName,
    contract: C,
    request: RequestInput<C>,
    { authority, retryForMs }: { authority?: string; retryForMs?: number } = {},
  ): Promise<ReplyOf<C>> {
    const { requester } = await this.connectionOf(as);
    const options = { authority: authority ?? (await this.caller('*')), ...(retryForMs && { retryForMs }) };
    return requester.request(contract, request, options);
  }

  async close(): Promise<void> {
    for (const { connection } of this.connections.values()) await connection.close();
  }

  private async connectionOf(service: ServiceName): Promise<{ connection: NatsConnection; requester: Requester }> {
    const known = this.connections.get(service);
    if (known) return known;
    const { NATS_URL: url = '', NATS_USER: user, NATS_PASSWORD: password } = this.servers.envOf(service);
    const connection = await connectBus({ service, url, user, password });
    const made = { connection, requester: new Requester(connection, service, new BusHealth(connection)) };
    this.connections.set(service, made);
    return made;
  }
}
