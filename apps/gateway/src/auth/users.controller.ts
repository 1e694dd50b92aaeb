import {
  changeUser,
  changeUserSchema,
  createdUserSchema,
  createUser,
  createUserSchema,
  deleteUser,
  getUser,
  listUsers,
  pageRequest,
  userListSchema,
  userSchema,
} from '@keyport/contracts';
import { Body, Controller, Delete, Get, Header, HttpCode, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { RequiresScope } from '../access/scope.decorator.ts';
import { Describe } from '../http/describe.ts';

@ApiTags('users')
@Controller('v1/users')
export class UsersController {
  constructor(private readonly bus: BusCaller) {}

  @Post()
  @RequiresScope('users:create')
  @Header('cache-control', 'no-store')
  @Describe({
    summary: 'Make a user; a password that is not given is made, and shown this once',
    status: 201,
    reply: createdUserSchema,
    errors: ['VALIDATION_FAILED', 'SCOPE_NOT_HELD', 'EMAIL_TAKEN'],
  })
  async create(
    @Req() request: AuthenticatedRequest,
    @Body({ schema: createUserSchema }) body: z.output<typeof createUserSchema>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const created = await this.bus.ask(request, createUser, body);
    void reply.header('location', `/v1/users/${created.user.id}`);
    return created;
  }

  @Get()
  @RequiresScope('users:read')
  @Describe({ summary: 'List users, the newest first', reply: userListSchema, errors: ['VALIDATION_FAILED'] })
  list(@Req() request: AuthenticatedRequest, @Query({ schema: pageRequest }) query: z.output<typeof pageRequest>) {
    return this.bus.ask(request, listUsers, query);
  }

  @Get(':id')
  @RequiresScope('users:read')
  @Describe({ summary: 'Read one user', reply: userSchema, errors: ['USER_NOT_FOUND'] })
  get(@Req() request: AuthenticatedRequest, @Param('id') userId: string) {
    return this.bus.ask(request, getUser, { userId });
  }

  @Patch(':id')
  @RequiresScope('users:update')
  @Describe({
    summary: 'Change what a user may do, or their password',
    description: 'Holds everywhere within a second. A new password, and disabling, end the sessions of the user.',
    reply: userSchema,
    errors: ['VALIDATION_FAILED', 'SCOPE_NOT_HELD', 'USER_NOT_FOUND', 'LAST_OWNER'],
  })
  change(
    @Req() request: AuthenticatedRequest,
    @Param('id') userId: string,
    @Body({ schema: changeUserSchema }) body: z.output<typeof changeUserSchema>,
  ) {
    return this.bus.ask(request, changeUser, { ...body, userId });
  }

  @Delete(':id')
  @RequiresScope('users:delete')
  @HttpCode(204)
  @Describe({
    summary: 'Delete a user, and revoke their keys, public keys and sessions',
    status: 204,
    errors: ['SCOPE_NOT_HELD', 'USER_NOT_FOUND', 'LAST_OWNER'],
  })
  async delete(@Req() request: AuthenticatedRequest, @Param('id') userId: string): Promise<void> {
    await this.bus.ask(request, deleteUser, { userId });
  }
}
