import {
  createPublicKey,
  createPublicKeySchema,
  getPublicKey,
  listPublicKeys,
  listPublicKeysSchema,
  publicKeyListSchema,
  publicKeySchema,
  revokePublicKey,
} from '@keyport/contracts';
import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { RequiresScope } from '../access/scope.decorator.ts';
import { Describe } from '../http/describe.ts';

@ApiTags('public-keys')
@Controller('v1/public-keys')
export class PublicKeysController {
  constructor(private readonly bus: BusCaller) {}

  @Post()
  @RequiresScope('public-keys:create')
  @Describe({
    summary: 'Register a public key: tokens signed with its private half work at once, without any call',
    description:
      'A token says kid and typ at+jwt in its header, and iss, sub and aud as the reply tells, with jti, iat, exp and scope. It may do no more than scopes and its user now, and live for maxLifetimeSeconds.',
    status: 201,
    reply: publicKeySchema,
    errors: [
      ...(['VALIDATION_FAILED', 'PUBLIC_KEY_INVALID', 'SCOPE_NOT_HELD'] as const),
      ...(['KEY_LIFETIME_TOO_LONG', 'KEY_CHAIN_TOO_LONG'] as const),
    ],
  })
  async create(
    @Req() request: AuthenticatedRequest,
    @Body({ schema: createPublicKeySchema }) body: z.output<typeof createPublicKeySchema>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const registered = await this.bus.ask(request, createPublicKey, body);
    void reply.header('location', `/v1/public-keys/${registered.id}`);
    return registered;
  }

  @Get()
  @RequiresScope('public-keys:read')
  @Describe({
    summary: 'List registered public keys, the newest first',
    description:
      "One's own. With owner, an owner or admin who also has users:update sees another user's, or everybody's by owner=*.",
    reply: publicKeyListSchema,
    errors: ['VALIDATION_FAILED', 'CURSOR_INVALID', 'USER_NOT_FOUND'],
  })
  list(
    @Req() request: AuthenticatedRequest,
    @Query({ schema: listPublicKeysSchema }) query: z.output<typeof listPublicKeysSchema>,
  ) {
    return this.bus.ask(request, listPublicKeys, query);
  }

  @Get(':id')
  @RequiresScope('public-keys:read')
  @Describe({ summary: 'Read one registered public key', reply: publicKeySchema, errors: ['PUBLIC_KEY_NOT_FOUND'] })
  get(@Req() request: AuthenticatedRequest, @Param('id') publicKeyId: string) {
    return this.bus.ask(request, getPublicKey, { publicKeyId });
  }

  @Delete(':id')
  @RequiresScope('public-keys:delete')
  @HttpCode(204)
  @Describe({
    summary: 'Revoke a public key: its tokens, and keys minted through them, end everywhere within a second',
    status: 204,
    errors: ['PUBLIC_KEY_NOT_FOUND'],
  })
  async revoke(@Req() request: AuthenticatedRequest, @Param('id') publicKeyId: string): Promise<void> {
    await this.bus.ask(request, revokePublicKey, { publicKeyId });
  }
}
