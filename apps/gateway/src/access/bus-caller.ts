import type { ReplyOf, RequestContract, RequestInput } from '@keyport/contracts';
import { Requester, type RequestOptions } from '@keyport/messaging';
import { Injectable } from '@nestjs/common';
import { ContextSigner } from './context-signer.ts';
import type { AuthenticatedRequest } from './principal.ts';

/** Of a request, what sending others in its name needs. */
export type AsksOnBus = Pick<AuthenticatedRequest, 'user' | 'id'>;

/** Sends requests on the bus in the name of the caller of an HTTP request. */
@Injectable()
export class BusCaller {
  constructor(
    private readonly requester: Requester,
    private readonly signer: ContextSigner,
  ) {}

  async ask<C extends RequestContract>(
    caller: AsksOnBus,
    contract: C,
    request: RequestInput<C>,
    options: RequestOptions = {},
  ): Promise<ReplyOf<C>> {
    const authority = await this.signer.contextOf(caller.user);
    return this.requester.request(contract, request, { ...options, authority, requestId: caller.id });
  }

  async *stream<C extends RequestContract>(
    caller: AuthenticatedRequest,
    contract: C,
    request: RequestInput<C>,
  ): AsyncGenerator<ReplyOf<C>> {
    const authority = await this.signer.contextOf(caller.user);
    yield* this.requester.stream(contract, request, { authority, requestId: caller.id });
  }
}
