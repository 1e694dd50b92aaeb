import { SIGNING_KEYS, type KeyView } from '@keyport/access';
import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Public } from '../access/scope.decorator.ts';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config.ts';
import { Describe } from '../http/describe.ts';
import {
  resourceMetadata,
  resourceMetadataSchema,
  serverMetadata,
  serverMetadataSchema,
} from '../oauth/server-metadata.ts';

const jwksSchema = z.object({ keys: z.array(z.looseObject({ kid: z.string() })) }).meta({ id: 'JsonWebKeySet' });

@ApiTags('auth')
@Controller('.well-known')
export class WellKnownController {
  constructor(
    @Inject(SIGNING_KEYS) private readonly signingKeys: KeyView,
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
  ) {}

  @Get('jwks.json')
  @Public()
  @Describe({ summary: 'Public keys that tokens verify with (RFC 7517)', reply: jwksSchema, isPublic: true })
  jwks(@Res({ passthrough: true }) reply: FastifyReply) {
    void reply.header('cache-control', `public, max-age=${this.config.KEYPORT_KEY_SET_CACHE_SECONDS}`);
    return { keys: this.signingKeys.jwks() };
  }

  @Get('oauth-authorization-server')
  @Public()
  @Describe({
    summary: 'Endpoints, grants and ways to authenticate of the OAuth 2 server (RFC 8414)',
    reply: serverMetadataSchema,
    isPublic: true,
  })
  server() {
    return serverMetadata(this.config.KEYPORT_PUBLIC_URL);
  }

  @Get('oauth-protected-resource')
  @Public()
  @Describe({
    summary: 'Where to get tokens for this API, and how to send them (RFC 9728)',
    reply: resourceMetadataSchema,
    isPublic: true,
  })
  resource() {
    return resourceMetadata(this.config.KEYPORT_PUBLIC_URL);
  }
}
