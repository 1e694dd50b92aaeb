import type { RowLimit } from '@keyport/access';
import {
  buckets,
  type AuthorizationDetail,
  type ReplyOf,
  type RequestContract,
  type RequestInput,
  type ServiceName,
} from '@keyport/contracts';
import { completionMarker, createBucket, type Requester, type RequestOptions } from '@keyport/messaging';
import { ContextSigner, type TestServers } from '@keyport/testing';

/** Milliseconds for one answer: far more than most contracts say, since the machine may stand still. */
const timeoutMs = 50_000;

/** Asks the service as gateway, import and export do: each with its own NATS user, in the name of a caller. */
export class BusClient {
  private readonly requesters = new Map<ServiceName, Promise<Requester>>();

  private constructor(
    private readonly servers: TestServers,
    private readonly signer: ContextSigner,
  ) {}

  /** Prepares on the bus what auth would: its buckets, with nothing revoked. */
  static async on(servers: TestServers): Promise<BusClient> {
    const auth = await servers.connectionOf('auth');
    for (const bucket of [buckets.revocations, buckets.jwks, buckets.rights]) {
      await (await createBucket(auth, bucket)).put(completionMarker, '{}');
    }
    await createBucket(auth, buckets.contextKeys);
    return new BusClient(servers, await ContextSigner.on(await servers.connectionOf('gateway')));
  }

  /** The authority of someone with these scopes. */
  caller(...scopes: readonly string[]): Promise<string> {
    return this.signer.sign({ scope: scopes.join(' ') });
  }

  /** The authority of someone with all rights on records, each narrowed to these rows and fields. */
  limited(...limits: readonly RowLimit[]): Promise<string> {
    return this.signer.sign({ scope: '*', authorization_details: limits.map((limit) => detailOf(limit)) });
  }

  /** The authority of someone with exactly these details (RFC 9396). */
  detailed(...details: readonly AuthorizationDetail[]): Promise<string> {
    return this.signer.sign({ scope: '*', authorization_details: details });
  }

  /** Sends a request as the service that sends it in production; with all rights unless an authority is given. */
  async ask<C extends RequestContract>(
    as: ServiceName,
    contract: C,
    request: RequestInput<C>,
    { authority, ...timing }: Partial<RequestOptions> = {},
  ): Promise<ReplyOf<C>> {
    const requester = await this.requesterOf(as);
    const asked = { timeoutMs, authority: authority ?? (await this.caller('*')), ...timing };
    return requester.request(contract, request, asked);
  }

  /** As {@link ask}, all replies of a request that has several. */
  async replies<C extends RequestContract>(
    as: ServiceName,
    contract: C,
    request: RequestInput<C>,
    authority?: string,
  ): Promise<ReplyOf<C>[]> {
    const requester = await this.requesterOf(as);
    const asked = { timeoutMs, authority: authority ?? (await this.caller('*')) };
    return Array.fromAsync(requester.stream(contract, request, asked));
  }

  private requesterOf(service: ServiceName): Promise<Requester> {
    const requester = this.requesters.get(service) ?? this.servers.requesterOf(service);
    this.requesters.set(service, requester);
    return requester;
  }
}

/** A limit on every dataset, for every action unless told which. */
export const detailOf = (
  { filter, fields }: RowLimit,
  actions = ['records:*', 'imports:*', 'exports:*'],
): AuthorizationDetail => ({
  type: 'keyport_dataset',
  datasets: ['*'],
  actions,
  ...(filter && { filter }),
  ...(fields && { fields: [...fields] }),
});
