import { setTimeout as delay } from 'node:timers/promises';
import {
  busHeaders,
  KeyportError,
  type ReplyOf,
  type RequestContract,
  type RequestInput,
  type ServiceName,
} from '@keyport/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { createInbox, errors, headers, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { decodeBody, encodeBody } from './encoding.ts';
import { giveBack } from './give-back.ts';
import { BusHealth } from './bus-health.ts';
import { BUS_CONNECTION, SERVICE_NAME } from './tokens.ts';
import { errorOf } from './wire-error.ts';

export interface RequestOptions {
  /** Caller context or job grant (compact JWS) in whose name the request is sent. */
  readonly authority?: string;
  readonly requestId?: string;
  /** Milliseconds for one answer; the contract's otherwise. */
  readonly timeoutMs?: number;
  /** Milliseconds during which a request that met no service, or no answer, is sent again. Idempotent contracts only. */
  readonly retryForMs?: number;
  readonly signal?: AbortSignal;
}

const retryable = new Set(['SERVICE_UNAVAILABLE', 'SERVICE_TIMEOUT', 'WRITE_CONFLICT', 'INTERNAL']);

/** The same request, where its contract is idempotent, may have another answer soon. */
export const isWorthRepeating = (error: unknown): boolean => error instanceof KeyportError && retryable.has(error.code);

/** Sends requests on the bus. Every one has a deadline; only those whose contract is idempotent are ever repeated. */
@Injectable()
export class Requester {
  constructor(
    @Inject(BUS_CONNECTION) private readonly connection: NatsConnection,
    @Inject(SERVICE_NAME) private readonly service: ServiceName,
    private readonly health: BusHealth,
  ) {}

  async request<C extends RequestContract>(
    contract: C,
    request: RequestInput<C>,
    options: RequestOptions = {},
  ): Promise<ReplyOf<C>> {
    const body = encodeBody(contract.encoding, request);
    const reply = await this.retried(contract, options, () => this.once(contract, body, options));
    // It was answered, so all of it was sent; and whatever was sent of it before, over the same connection.
    giveBack(body);
    return reply;
  }

  /** All replies of a `defineStream` contract; what came before a failure is asked for again. */
  replies<C extends RequestContract>(
    contract: C,
    request: RequestInput<C>,
    options: RequestOptions = {},
  ): Promise<ReplyOf<C>[]> {
    return this.retried(contract, options, () => Array.fromAsync(this.stream(contract, request, options)));
  }

  private async retried<Result>(
    contract: RequestContract,
    options: RequestOptions,
    once: () => Promise<Result>,
  ): Promise<Result> {
    const retryUntil = contract.idempotent ? Date.now() + (options.retryForMs ?? 0) : 0;
    for (let pauseMs = 50; ; pauseMs = Math.min(pauseMs * 2, 1_000)) {
      try {
        return await once();
      } catch (error) {
        const mayRetry = isWorthRepeating(error) && Date.now() + pauseMs < retryUntil;
        if (!mayRetry || options.signal?.aborted) throw error;
        await delay(pauseMs, undefined, { signal: options.signal }).catch(() => undefined);
      }
    }
  }

  /** Replies of a `defineStream` contract, in order, until the one marked as last. */
  async *stream<C extends RequestContract>(
    contract: C,
    request: RequestInput<C>,
    options: RequestOptions = {},
  ): AsyncGenerator<ReplyOf<C>> {
    if (!this.health.isConnected) throw unavailable(contract);
    const inbox = createInbox(`_INBOX.${this.service}`);
    const subscription = this.connection.subscribe(inbox);
    // The client's own subscription timeout covers only the first message.
    const deadline = setTimeout(() => subscription.unsubscribe(), options.timeoutMs ?? contract.timeoutMs);
    // Who stops reading without ending the iteration must not keep the process alive for so long.
    deadline.unref();
    try {
      const body = encodeBody(contract.encoding, request);
      this.connection.publish(contract.subject, body, { reply: inbox, headers: headersOf(options) });
      for await (const reply of subscription) {
        deadline.refresh();
        if (isNoResponders(reply)) throw unavailable(contract);
        if (isEmptyEnd(reply)) return;
        yield this.read(contract, reply);
        if (reply.headers?.has(busHeaders.last)) return;
      }
      throw new KeyportError('SERVICE_TIMEOUT', { service: serviceOf(contract) });
    } catch (error) {
      throw this.describe(contract, error);
    } finally {
      clearTimeout(deadline);
      subscription.unsubscribe();
    }
  }

  private async once<C extends RequestContract>(contract: C, body: Uint8Array, options: RequestOptions) {
    // The client would buffer the request until the deadline: say at once that nobody can hear it.
    if (!this.health.isConnected) throw unavailable(contract);
    const timeout = options.timeoutMs ?? contract.timeoutMs;
    let reply: Msg;
    try {
      const asked = this.connection.request(contract.subject, body, { timeout, headers: headersOf(options) });
      // Who may not ask again has to wait for the answer: it may still come over the next connection.
      reply = await (contract.idempotent ? this.health.orLost(asked) : asked);
    } catch (error) {
      throw this.describe(contract, error);
    }
    return this.read(contract, reply);
  }

  private read<C extends RequestContract>(contract: C, reply: Msg): ReplyOf<C> {
    const error = errorOf(reply);
    if (error) throw error;
    return decodeBody(contract.encoding, reply.data) as ReplyOf<C>;
  }

  private describe(contract: RequestContract, error: unknown): unknown {
    if (error instanceof KeyportError) return error;
    if (error instanceof errors.NoRespondersError) return unavailable(contract, error);
    if (error instanceof errors.RequestError && error.isNoResponders()) return unavailable(contract, error);
    if (error instanceof errors.TimeoutError) {
      return new KeyportError('SERVICE_TIMEOUT', { service: serviceOf(contract) }, { cause: error });
    }
    // Larger than the bus carries (`max_payload`): asking again would not help.
    if (error instanceof errors.InvalidArgumentError) {
      return new KeyportError(
        'BODY_TOO_LARGE',
        { limitBytes: this.connection.info?.max_payload ?? 0 },
        { cause: error },
      );
    }
    return unavailable(contract, error);
  }
}

function headersOf({ authority, requestId }: RequestOptions): MsgHdrs {
  const hdrs = headers();
  if (authority) hdrs.set(busHeaders.authority, authority);
  if (requestId) hdrs.set(busHeaders.requestId, requestId);
  return hdrs;
}

const serviceOf = ({ subject }: RequestContract) => subject.slice(0, subject.indexOf('.'));
const unavailable = (contract: RequestContract, cause?: unknown) =>
  new KeyportError('SERVICE_UNAVAILABLE', { service: serviceOf(contract) }, { cause });
const isNoResponders = (reply: Msg) => reply.data.length === 0 && reply.headers?.code === 503;
const isEmptyEnd = (reply: Msg) =>
  reply.data.length === 0 && reply.headers?.has(busHeaders.last) === true && !reply.headers.has(busHeaders.error);
