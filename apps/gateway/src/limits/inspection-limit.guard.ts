import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { RequestLimits } from './request-limits.ts';

/** On the route that inspects tokens, behind the access guard. */
@Injectable()
export class InspectionLimitGuard implements CanActivate {
  constructor(private readonly limits: RequestLimits) {}

  canActivate(context: ExecutionContext): boolean {
    this.limits.countInspection(context.switchToHttp().getRequest<AuthenticatedRequest>().user);
    return true;
  }
}
