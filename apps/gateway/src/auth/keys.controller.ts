import {
  createKey,
  createKeySchema,
  getKey,
  keyListSchema,
  keySchema,
  listKeys,
  mintedKeySchema,
  pageRequest,
  revokeKey,
} from '@keyport/contracts';
import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
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
  @Describe({
    summary: 'Mint an API key; its token is shown this once',
    status: 201,
    reply: mintedKeySchema,
    errors: ['VALIDATION_FAILED', 'SCOPE_NOT_HELD', 'KEY_LIFETIME_TOO_LONG', 'TOKEN_TOO_LARGE'],
  })
  create(
    @Req() request: AuthenticatedRequest,
    @Body({ schema: createKeySchema }) body: z.output<typeof createKeySchema>,
  ) {
    return this.bus.ask(request, createKey, body);
  }

  @Get()
  @RequiresScope('keys:read')
  @Describe({ summary: 'List API keys', reply: keyListSchema, errors: ['VALIDATION_FAILED'] })
  list(@Req() request: AuthenticatedRequest, @Query({ schema: pageRequest }) query: z.output<typeof pageRequest>) {
    return this.bus.ask(request, listKeys, query);
  }

  @Get(':id')
  @RequiresScope('keys:read')
  @Describe({ summary: 'Read one API key', reply: keySchema, errors: ['KEY_NOT_FOUND'] })
  get(@Req() request: AuthenticatedRequest, @Param('id') keyId: string) {
    return this.bus.ask(request, getKey, { keyId });
  }

  @Delete(':id')
  @RequiresScope('keys:delete')
  @HttpCode(204)
  @Describe({ summary: 'Revoke an API key, everywhere, within a second', status: 204, errors: ['KEY_NOT_FOUND'] })
  async revoke(@Req() request: AuthenticatedRequest, @Param('id') keyId: string): Promise<void> {
    await this.bus.ask(request, revokeKey, { keyId });
  }
}
