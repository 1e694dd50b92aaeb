import { introspectToken, introspectTokenAsClient, type Introspection } from '@keyport/contracts';
import { Requester } from '@keyport/messaging';
import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { readPresentedToken, readTokenToInspect } from './oauth-requests.ts';

/** Asks auth what a token is now, in the name of who asks: the holder of a token, or a client. */
@Injectable()
export class Introspector {
  constructor(
    private readonly requester: Requester,
    private readonly bus: BusCaller,
  ) {}

  introspect(request: FastifyRequest | AuthenticatedRequest): Promise<Introspection> {
    if (isRecognised(request)) return this.bus.ask(request, introspectToken, readTokenToInspect(request));
    return this.requester.request(introspectTokenAsClient, readPresentedToken(request), { requestId: request.id });
  }
}

const isRecognised = (request: FastifyRequest | AuthenticatedRequest): request is AuthenticatedRequest =>
  (request as Partial<AuthenticatedRequest>).user !== undefined;
