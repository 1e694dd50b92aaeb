import { auditListSchema, listAudit, listAuditSchema } from '@keyport/contracts';
import { Controller, Get, Query, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { RequiresScope } from '../access/scope.decorator.ts';
import { Describe } from '../http/describe.ts';

@ApiTags('audit')
@Controller('v1/audit')
export class AuditController {
  constructor(private readonly bus: BusCaller) {}

  @Get()
  @RequiresScope('audit:read')
  @Describe({
    summary: 'Who did what, when, from where and with which key; newest first',
    description:
      'Holds every request that may change something, refused ones too, every sign-in, and every read that hands out records. `from` is the first instant, `to` the first one after.',
    reply: auditListSchema,
    errors: ['VALIDATION_FAILED', 'CURSOR_INVALID'],
  })
  list(
    @Req() request: AuthenticatedRequest,
    @Query({ schema: listAuditSchema }) query: z.output<typeof listAuditSchema>,
  ) {
    return this.bus.ask(request, listAudit, query);
  }
}
