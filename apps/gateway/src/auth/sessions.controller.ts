import { login, loginSchema, meSchema, sessionSchema, type ReplyOf } from '@keyport/contracts';
import { Requester } from '@keyport/messaging';
import { Body, Controller, Get, HttpCode, Post, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { AnyToken, Public } from '../access/scope.decorator.ts';
import { Describe } from '../http/describe.ts';

@ApiTags('auth')
@Controller('v1/auth')
export class SessionsController {
  constructor(private readonly requester: Requester) {}

  @Post('login')
  @Public()
  @HttpCode(200)
  @Describe({
    summary: 'Sign in with email and password',
    reply: sessionSchema,
    isPublic: true,
    errors: ['LOGIN_FAILED', 'VALIDATION_FAILED'],
  })
  login(
    @Body({ schema: loginSchema }) body: z.output<typeof loginSchema>,
    @Req() { id }: FastifyRequest,
  ): Promise<ReplyOf<typeof login>> {
    return this.requester.request(login, body, { requestId: id });
  }

  @Get('me')
  @AnyToken()
  @Describe({
    summary: 'Who this token is and what it may do',
    reply: meSchema,
  })
  me(@Req() { user }: AuthenticatedRequest): z.output<typeof meSchema> {
    return {
      subject: user.subject,
      issuer: user.issuer,
      kind: user.keyId === undefined ? 'session' : 'key',
      scopes: [...user.scopes],
      expiresAt: new Date(user.exp * 1000).toISOString(),
      tokenId: user.tokenId,
      key: user.keyId ?? null,
    };
  }
}
