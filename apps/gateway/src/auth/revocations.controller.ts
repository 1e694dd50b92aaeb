import {
  createRevocation,
  createRevocationSchema,
  deleteRevocation,
  listRevocations,
  pageRequest,
  revocationListSchema,
  revocationSchema,
} from '@keyport/contracts';
import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { RequiresScope } from '../access/scope.decorator.ts';
import { Describe } from '../http/describe.ts';

@ApiTags('revocations')
@Controller('v1/revocations')
export class RevocationsController {
  constructor(private readonly bus: BusCaller) {}

  @Post()
  @RequiresScope('revocations:create')
  @Describe({
    summary: 'Revoke a token, a key, a principal, a client, a signing or public key, or an issuer, within a second',
    description:
      'Name one of jti, key, sub, client, kid, or iss alone; iss may go with jti and sub. With notBefore, what was issued earlier ends.',
    status: 201,
    reply: revocationSchema,
    errors: ['VALIDATION_FAILED', 'SCOPE_NOT_HELD'],
  })
  create(
    @Req() request: AuthenticatedRequest,
    @Body({ schema: createRevocationSchema }) body: z.output<typeof createRevocationSchema>,
  ) {
    return this.bus.ask(request, createRevocation, body);
  }

  @Get()
  @RequiresScope('revocations:read')
  @Describe({
    summary: 'List revocations, the newest first',
    reply: revocationListSchema,
    errors: ['VALIDATION_FAILED', 'CURSOR_INVALID'],
  })
  list(@Req() request: AuthenticatedRequest, @Query({ schema: pageRequest }) query: z.output<typeof pageRequest>) {
    return this.bus.ask(request, listRevocations, query);
  }

  @Delete(':id')
  @RequiresScope('revocations:delete')
  @HttpCode(204)
  @Describe({ summary: 'Lift a revocation', status: 204, errors: ['REVOCATION_NOT_FOUND', 'SCOPE_NOT_HELD'] })
  async delete(@Req() request: AuthenticatedRequest, @Param('id') revocationId: string): Promise<void> {
    await this.bus.ask(request, deleteRevocation, { revocationId });
  }
}
