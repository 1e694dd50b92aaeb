import { requireRight } from '@keyport/access';
import { KeyportError } from '@keyport/contracts';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequestLimits } from '../limits/request-limits.ts';
import { LinkVerifier } from './link-verifier.ts';
import { presentedTokenOf } from './presented-token.ts';
import type { AuthenticatedRequest, Principal } from './principal.ts';
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
    private readonly links: LinkVerifier,
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
    if (rule.kind === 'public' || (rule.kind === 'clientOrToken' && presentedTokenOf(request) === null)) {
      this.limits.countVisit(request);
      return true;
    }
    const reply = http.getResponse<FastifyReply>();
    await (rule.kind === 'fileLink' ? this.recogniseLink(request, reply) : this.recognise(request, reply));
    this.limits.count(request.user, reply);
    if (request.user.keyId !== undefined) this.uses.saw(request.user.keyId, Date.now());
    checkRule(rule, request);
    return true;
  }

  private async recognise(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    this.limits.refuseFlood(request, (token) => this.verifier.isKnown(token));
    await this.counted(request, recognise(request, reply));
  }

  /** Whoever comes with a link is taken for who made it. Its address is a secret, whatever the answer is. */
  private async recogniseLink(request: AuthenticatedRequest, reply: FastifyReply): Promise<void> {
    void reply.headers({ 'cache-control': 'private, no-store', 'referrer-policy': 'no-referrer' });
    const { id } = request.params as { readonly id: string };
    const token = linkTokenOf(request);
    this.limits.refuseFlood(request, () => this.links.isKnown(token, id));
    request.user = await this.counted(request, this.principalOfLink(token, id));
  }

  private async principalOfLink(token: string, id: string): Promise<Principal> {
    if (token === '') throw new KeyportError('TOKEN_MISSING');
    return this.links.verify(token, id);
  }

  private async counted<Found>(request: FastifyRequest, recognising: Promise<Found>): Promise<Found> {
    try {
      return await recognising;
    } catch (error) {
      if (error instanceof KeyportError && error.status === 401) this.limits.countStranger(request);
      throw error;
    }
  }
}

/** `token` of the query; several are none. */
function linkTokenOf({ query }: FastifyRequest): string {
  const { token } = query as { readonly token?: unknown };
  return typeof token === 'string' ? token : '';
}

function checkRule(rule: AccessRule, { user, params }: AuthenticatedRequest): void {
  if (rule.kind === 'scope') requireRight(user, rule.action);
  if (rule.kind === 'datasetScope') requireRight(user, rule.action, (params as { name: string }).name);
}
