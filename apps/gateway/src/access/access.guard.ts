import { requireScope } from '@keyport/access';
import { KeyportError } from '@keyport/contracts';
import { Injectable, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import type { AuthenticatedRequest } from './principal.ts';
import { accessRuleKey, type AccessRule } from './scope.decorator.ts';

/** The one guard of every route: who is asking (passport), then whether their token carries what the route asks. */
@Injectable()
export class AccessGuard extends AuthGuard('access-token') {
  constructor(private readonly reflector: Reflector) {
    super();
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const rule = this.reflector.getAllAndOverride<AccessRule | undefined>(accessRuleKey, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (!rule) throw new KeyportError('INTERNAL', {}, { cause: new Error('The route declares no access rule.') });
    if (rule.kind === 'public') return true;
    await super.canActivate(context);
    checkRule(rule, context.switchToHttp().getRequest<AuthenticatedRequest>());
    return true;
  }

  override handleRequest<Principal>(error: unknown, principal: Principal | false, info: unknown): Principal {
    if (principal) return principal;
    if (error instanceof Error) throw error;
    if (info instanceof KeyportError) throw info;
    throw new KeyportError('TOKEN_MISSING');
  }
}

function checkRule(rule: AccessRule, { user, params }: AuthenticatedRequest): void {
  if (rule.kind === 'scope') requireScope(user.scopes, rule.action);
  if (rule.kind === 'datasetScope') requireScope(user.scopes, rule.action, (params as { name: string }).name);
}
