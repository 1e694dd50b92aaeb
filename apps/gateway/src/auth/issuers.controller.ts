import {
  changeIssuer,
  changeIssuerSchema,
  createIssuer,
  createIssuerSchema,
  deleteIssuer,
  getIssuer,
  issuerListSchema,
  issuerSchema,
  listIssuers,
  pageRequest,
} from '@keyport/contracts';
import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { RequiresScope } from '../access/scope.decorator.ts';
import { Describe } from '../http/describe.ts';

const refusals = [
  ...(['VALIDATION_FAILED', 'ISSUER_INVALID', 'ISSUER_KEYS_UNAVAILABLE', 'PUBLIC_KEY_INVALID'] as const),
  ...(['SCOPE_NOT_HELD', 'TOKEN_EXCHANGED'] as const),
];

@ApiTags('issuers')
@Controller('v1/issuers')
export class IssuersController {
  constructor(private readonly bus: BusCaller) {}

  @Post()
  @RequiresScope('issuers:create')
  @Describe({
    summary: 'Register an issuer whose tokens this deployment takes',
    description:
      'With trust exchange, POST /oauth/token gives tokens for its tokens; with direct, they are also accepted as they are. scopeMapping says which scopes its claims give, and ceiling what nobody from there goes beyond. The key set is fetched now, and then ahead of need.',
    status: 201,
    reply: issuerSchema,
    errors: [...refusals, 'ISSUER_TAKEN'],
  })
  async create(
    @Req() request: AuthenticatedRequest,
    @Body({ schema: createIssuerSchema }) body: z.output<typeof createIssuerSchema>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const registered = await this.bus.ask(request, createIssuer, body);
    void reply.header('location', `/v1/issuers/${registered.id}`);
    return registered;
  }

  @Get()
  @RequiresScope('issuers:read')
  @Describe({
    summary: 'List registered issuers, the newest first',
    reply: issuerListSchema,
    errors: ['VALIDATION_FAILED', 'CURSOR_INVALID'],
  })
  list(@Req() request: AuthenticatedRequest, @Query({ schema: pageRequest }) query: z.output<typeof pageRequest>) {
    return this.bus.ask(request, listIssuers, query);
  }

  @Get(':id')
  @RequiresScope('issuers:read')
  @Describe({
    summary: 'Read one registered issuer, with the state of its key set',
    reply: issuerSchema,
    errors: ['ISSUER_NOT_FOUND'],
  })
  get(@Req() request: AuthenticatedRequest, @Param('id') issuerId: string) {
    return this.bus.ask(request, getIssuer, { issuerId });
  }

  @Patch(':id')
  @RequiresScope('issuers:update')
  @Describe({
    summary: 'Change an issuer; it takes all that its ceiling gives afterwards',
    description: 'What is lowered is lowered for tokens that are out, and running jobs, within a second.',
    reply: issuerSchema,
    errors: [...refusals, 'ISSUER_NOT_FOUND'],
  })
  change(
    @Req() request: AuthenticatedRequest,
    @Param('id') issuerId: string,
    @Body({ schema: changeIssuerSchema }) body: z.output<typeof changeIssuerSchema>,
  ) {
    return this.bus.ask(request, changeIssuer, { ...body, issuerId });
  }

  @Delete(':id')
  @RequiresScope('issuers:delete')
  @HttpCode(204)
  @Describe({
    summary: 'Trust an issuer no more: all that came from there ends everywhere within a second',
    status: 204,
    errors: ['ISSUER_NOT_FOUND'],
  })
  async delete(@Req() request: AuthenticatedRequest, @Param('id') issuerId: string): Promise<void> {
    await this.bus.ask(request, deleteIssuer, { issuerId });
  }
}
