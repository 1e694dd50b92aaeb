import { listSigningKeys, revokeSigningKey, rotateSigningKeys, signingKeyListSchema } from '@keyport/contracts';
import { Controller, Delete, Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { RequiresScope } from '../access/scope.decorator.ts';
import { Describe } from '../http/describe.ts';

@ApiTags('signing-keys')
@Controller('v1/signing-keys')
export class SigningKeysController {
  constructor(private readonly bus: BusCaller) {}

  @Get()
  @RequiresScope('signing-keys:read')
  @Describe({ summary: 'List the keys that sign tokens, the newest first', reply: signingKeyListSchema })
  list(@Req() request: AuthenticatedRequest) {
    return this.bus.ask(request, listSigningKeys, {});
  }

  @Post('rotate')
  @RequiresScope('signing-keys:update')
  @HttpCode(200)
  @Describe({
    summary: 'Let the standby key sign; it waits until that is known to all who keep the key set',
    reply: signingKeyListSchema,
    errors: ['SIGNING_KEY_TOO_NEW', 'SERVICE_TIMEOUT'],
  })
  rotate(@Req() request: AuthenticatedRequest) {
    return this.bus.ask(request, rotateSigningKeys, {});
  }

  @Delete(':kid')
  @RequiresScope('signing-keys:delete')
  @HttpCode(204)
  @Describe({
    summary: 'Revoke a signing key, and with it every token and API key that it signed',
    status: 204,
    errors: ['SIGNING_KEY_NOT_FOUND'],
  })
  async revoke(@Req() request: AuthenticatedRequest, @Param('kid') kid: string): Promise<void> {
    await this.bus.ask(request, revokeSigningKey, { kid });
  }
}
