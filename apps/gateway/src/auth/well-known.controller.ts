import { SIGNING_KEYS, type KeyView } from '@keyport/access';
import { Controller, Get, Header, Inject } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Public } from '../access/scope.decorator.ts';
import { Describe } from '../http/describe.ts';

const jwksSchema = z.object({ keys: z.array(z.looseObject({ kid: z.string() })) }).meta({ id: 'JsonWebKeySet' });

@ApiTags('auth')
@Controller('.well-known')
export class WellKnownController {
  constructor(@Inject(SIGNING_KEYS) private readonly signingKeys: KeyView) {}

  @Get('jwks.json')
  @Public()
  @Header('cache-control', 'public, max-age=300')
  @Describe({ summary: 'Public keys that tokens verify with (RFC 7517)', reply: jwksSchema, isPublic: true })
  jwks() {
    return { keys: this.signingKeys.jwks() };
  }
}
