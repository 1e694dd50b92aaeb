import { requireRight } from '@keyport/access';
import { KeyportError } from '@keyport/contracts';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequestLimits } from '../limits/request-limits.ts';
import type { AuthenticatedRequest } from './principal.ts';
import { recognise } from './recognise.ts';
import { TokenVerifier } from './token-verifier.ts';
import { accessRuleKey, type AccessRule } from './scope.decorator.ts';
import { UseReporter } from './use-reporter.ts';

/** The one guard of every route: who is asking (passport), then whether their token may do now what the route asks. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly limits: RequestLimits,
    private readonly verifier: TokenVerifier,
    private readonly uses: UseReporter,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const rule = this.reflector.getAllAndOverride<AccessRule | undefined>(accessRuleKey, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (!rule) throw new KeyportError('INTERNAL', {}, { cause: new Error('The route declares no access rule.') });
    const http = context.switchToHttp();
    const request = http.getRequest<AuthenticatedRequest>();
    if (rule.kind === 'public') {
      this.limits.countVisit(request);
      return true;
    }
    const reply = http.getResponse<FastifyReply>();
    await this.recognise(request, reply);
    this.limits.count(request.user, reply);
    if (request.user.keyId !== undefined) this.uses.saw(request.user.keyId, Date.now());
    checkRule(rule, request);
    return true;
  }

  private async recognise(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    this.limits.refuseFlood(request, (token) => this.verifier.isKnown(token));
    try {
      await recognise(request, reply);
    } catch (error) {
      if (error instanceof KeyportError && error.status === 401) this.limits.countStranger(request);
      throw error;
    }
  }
}

function checkRule(rule: AccessRule, { user, params }: AuthenticatedRequest): void {
  if (rule.kind === 'scope') requireRight(user, rule.action);
  if (rule.kind === 'datasetScope') requireRight(user, rule.action, (params as { name: string }).name);
}
