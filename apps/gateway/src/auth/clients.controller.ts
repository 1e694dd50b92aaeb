import {
  changeClient,
  changeClientSchema,
  clientListSchema,
  clientSchema,
  createClient,
  createClientSchema,
  createdClientSchema,
  deleteClient,
  getClient,
  listClients,
  pageRequest,
} from '@keyport/contracts';
import { Body, Controller, Delete, Get, Header, HttpCode, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { RequiresScope } from '../access/scope.decorator.ts';
import { Describe } from '../http/describe.ts';

@ApiTags('clients')
@Controller('v1/clients')
export class ClientsController {
  constructor(private readonly bus: BusCaller) {}

  @Post()
  @RequiresScope('clients:create')
  @Header('cache-control', 'no-store')
  @Describe({
    summary: 'Register an OAuth 2 client; its secret is shown this once',
    description:
      'With jwks it authenticates by private_key_jwt; with authentication none it is public. Its tokens may do no more than its scopes of the moment.',
    status: 201,
    reply: createdClientSchema,
    errors: ['VALIDATION_FAILED', 'PUBLIC_KEY_INVALID', 'SCOPE_NOT_HELD'],
  })
  async create(
    @Req() request: AuthenticatedRequest,
    @Body({ schema: createClientSchema }) body: z.output<typeof createClientSchema>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const created = await this.bus.ask(request, createClient, body);
    void reply.header('location', `/v1/clients/${created.client.id}`);
    return created;
  }

  @Get()
  @RequiresScope('clients:read')
  @Describe({
    summary: 'List OAuth 2 clients, the newest first',
    reply: clientListSchema,
    errors: ['VALIDATION_FAILED', 'CURSOR_INVALID'],
  })
  list(@Req() request: AuthenticatedRequest, @Query({ schema: pageRequest }) query: z.output<typeof pageRequest>) {
    return this.bus.ask(request, listClients, query);
  }

  @Get(':id')
  @RequiresScope('clients:read')
  @Describe({ summary: 'Read one OAuth 2 client', reply: clientSchema, errors: ['CLIENT_NOT_FOUND'] })
  get(@Req() request: AuthenticatedRequest, @Param('id') clientId: string) {
    return this.bus.ask(request, getClient, { clientId });
  }

  @Patch(':id')
  @RequiresScope('clients:update')
  @Describe({
    summary: 'Rename an OAuth 2 client, change its grants, or what it may do at most',
    description: 'What is lowered is lowered for its present tokens and jobs too, everywhere within a second.',
    reply: clientSchema,
    errors: ['VALIDATION_FAILED', 'CLIENT_NOT_FOUND', 'SCOPE_NOT_HELD'],
  })
  change(
    @Req() request: AuthenticatedRequest,
    @Param('id') clientId: string,
    @Body({ schema: changeClientSchema }) body: z.output<typeof changeClientSchema>,
  ) {
    return this.bus.ask(request, changeClient, { ...body, clientId });
  }

  @Delete(':id')
  @RequiresScope('clients:delete')
  @HttpCode(204)
  @Describe({
    summary: 'Delete an OAuth 2 client: its tokens, and the jobs that they started, end everywhere within a second',
    status: 204,
    errors: ['CLIENT_NOT_FOUND'],
  })
  async delete(@Req() request: AuthenticatedRequest, @Param('id') clientId: string): Promise<void> {
    await this.bus.ask(request, deleteClient, { clientId });
  }
}
