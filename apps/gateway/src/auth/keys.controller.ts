import {
  changeKey,
  changeKeySchema,
  createKey,
  createKeySchema,
  getKey,
  keyListSchema,
  keySchema,
  listKeys,
  listKeysSchema,
  mintedKeySchema,
  revokeKey,
  rotateKey,
  rotateKeySchema,
} from '@keyport/contracts';
import { Body, Controller, Delete, Get, Header, HttpCode, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { RequiresScope } from '../access/scope.decorator.ts';
import { Describe } from '../http/describe.ts';

@ApiTags('keys')
@Controller('v1/keys')
export class KeysController {
  constructor(private readonly bus: BusCaller) {}

  @Post()
  @RequiresScope('keys:create')
  @Header('cache-control', 'no-store')
  @Describe({
    summary: 'Mint an API key; its token is shown this once',
    description:
      'It may do no more than its maker may now. A key that is minted through a key ends with it, and has its limits at most.',
    status: 201,
    reply: mintedKeySchema,
    errors: [
      ...(['VALIDATION_FAILED', 'SCOPE_NOT_HELD', 'KEY_EXPIRY_NEEDED', 'KEY_LIFETIME_TOO_LONG'] as const),
      ...(['KEY_CHAIN_TOO_LONG', 'TOKEN_TOO_LARGE'] as const),
    ],
  })
  async create(
    @Req() request: AuthenticatedRequest,
    @Body({ schema: createKeySchema }) body: z.output<typeof createKeySchema>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const minted = await this.bus.ask(request, createKey, body);
    void reply.header('location', `/v1/keys/${minted.key.id}`);
    return minted;
  }

  @Get()
  @RequiresScope('keys:read')
  @Describe({
    summary: 'List API keys, the newest first; with endsWithinSeconds those that end soon, the next first',
    description:
      "One's own. With owner, an owner or admin who also has users:update sees another user's keys, or everybody's by owner=*.",
    reply: keyListSchema,
    errors: ['VALIDATION_FAILED', 'CURSOR_INVALID', 'USER_NOT_FOUND'],
  })
  list(
    @Req() request: AuthenticatedRequest,
    @Query({ schema: listKeysSchema }) query: z.output<typeof listKeysSchema>,
  ) {
    return this.bus.ask(request, listKeys, query);
  }

  @Get(':id')
  @RequiresScope('keys:read')
  @Describe({ summary: 'Read one API key', reply: keySchema, errors: ['KEY_NOT_FOUND'] })
  get(@Req() request: AuthenticatedRequest, @Param('id') keyId: string) {
    return this.bus.ask(request, getKey, { keyId });
  }

  @Patch(':id')
  @RequiresScope('keys:update')
  @Describe({
    summary: 'Rename an API key, lower or raise its ceiling, or set its limits',
    description:
      'Holds everywhere within a second. The ceiling goes up to what the token says, and not above what the caller may. limits replaces all limits of the key.',
    reply: keySchema,
    errors: ['VALIDATION_FAILED', 'SCOPE_NOT_HELD', 'KEY_NOT_FOUND', 'KEY_ENDED'],
  })
  change(
    @Req() request: AuthenticatedRequest,
    @Param('id') keyId: string,
    @Body({ schema: changeKeySchema }) body: z.output<typeof changeKeySchema>,
  ) {
    return this.bus.ask(request, changeKey, { ...body, keyId });
  }

  @Post(':id/rotate')
  @RequiresScope('keys:update')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @Describe({
    summary: "Replace the token of one's own API key; the new one is shown this once",
    description:
      'The new token has the rights of the old one and the life that the key was given. The old one goes on for graceSeconds, then ends everywhere. Keys that were minted through the key stay.',
    reply: mintedKeySchema,
    errors: ['VALIDATION_FAILED', 'SCOPE_NOT_HELD', 'SESSION_NEEDED', 'KEY_NOT_FOUND', 'KEY_ENDED'],
  })
  rotate(
    @Req() request: AuthenticatedRequest,
    @Param('id') keyId: string,
    @Body({ schema: rotateKeySchema.prefault({}) }) body: z.output<typeof rotateKeySchema>,
  ) {
    return this.bus.ask(request, rotateKey, { ...body, keyId });
  }

  @Delete(':id')
  @RequiresScope('keys:delete')
  @HttpCode(204)
  @Describe({
    summary: 'Revoke an API key and all that was minted through it, everywhere, within a second',
    status: 204,
    errors: ['KEY_NOT_FOUND'],
  })
  async revoke(@Req() request: AuthenticatedRequest, @Param('id') keyId: string): Promise<void> {
    await this.bus.ask(request, revokeKey, { keyId });
  }
}
