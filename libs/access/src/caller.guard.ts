import { busHeaders, KeyportError, type RequestContract } from '@keyport/contracts';
import { contractKey } from '@keyport/messaging';
import { createParamDecorator, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { NatsContext } from '@nestjs/microservices';
import type { MsgHdrs } from '@nats-io/transport-node';
import type { Caller } from './caller.ts';
import { CallerVerifier } from './caller-verifier.ts';

const callers = new WeakMap<NatsContext, Caller>();

/** Admits a bus request only with a valid caller context or job grant, unless its contract says `anyone`. */
@Injectable()
export class CallerGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly verifier: CallerVerifier,
  ) {}

  async canActivate(execution: ExecutionContext): Promise<boolean> {
    const contract = this.reflector.get<RequestContract | undefined>(contractKey, execution.getHandler());
    if (contract?.authority === 'anyone') return true;
    const context = execution.switchToRpc().getContext<NatsContext>();
    const headers = context.getHeaders() as MsgHdrs | undefined;
    const authority = headers?.get(busHeaders.authority);
    if (!authority) throw new KeyportError('CONTEXT_INVALID', { check: 'presence' });
    callers.set(context, await this.verifier.verify(authority, contract));
    return true;
  }
}

/** Injects the verified {@link Caller} into a handler. */
export const CallerOf = createParamDecorator((_data: unknown, execution: ExecutionContext): Caller => {
  const caller = callers.get(execution.switchToRpc().getContext<NatsContext>());
  if (!caller) throw new KeyportError('CONTEXT_INVALID', { check: 'presence' });
  return caller;
});
