import {
  changePassword,
  changePasswordSchema,
  endSession,
  listSessions,
  login,
  loginSchema,
  logout,
  refreshSchema,
  pageRequest,
  refreshSession,
  sessionSchema,
  signInListSchema,
  type ReplyOf,
} from '@keyport/contracts';
import { Requester } from '@keyport/messaging';
import { Body, Controller, Delete, Get, Header, HttpCode, Param, Post, Put, Query, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { AnyToken, Public } from '../access/scope.decorator.ts';
import { Describe } from '../http/describe.ts';
import { addressGroup } from '../limits/address-group.ts';

@ApiTags('auth')
@Controller('v1/auth')
export class SessionsController {
  constructor(
    private readonly requester: Requester,
    private readonly bus: BusCaller,
  ) {}

  @Post('login')
  @Public()
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @Describe({
    summary: 'Sign in with email and password',
    reply: sessionSchema,
    isPublic: true,
    errors: ['LOGIN_FAILED', 'LOGIN_THROTTLED', 'VALIDATION_FAILED'],
  })
  login(
    @Body({ schema: loginSchema }) body: z.output<typeof loginSchema>,
    @Req() { id, ip }: FastifyRequest,
  ): Promise<ReplyOf<typeof login>> {
    return this.requester.request(login, { ...body, address: addressGroup(ip) }, { requestId: id });
  }

  @Post('refresh')
  @Public()
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @Describe({
    summary: 'Exchange the refresh token for a new session token and the next refresh token',
    description:
      'A refresh token is good once. One that is used twice ends its session at once, access tokens included.',
    reply: sessionSchema,
    isPublic: true,
    errors: ['REFRESH_INVALID', 'REFRESH_REUSED', 'VALIDATION_FAILED'],
  })
  refresh(
    @Body({ schema: refreshSchema }) body: z.output<typeof refreshSchema>,
    @Req() { id }: FastifyRequest,
  ): Promise<ReplyOf<typeof refreshSession>> {
    return this.requester.request(refreshSession, body, { requestId: id });
  }

  @Post('logout')
  @AnyToken()
  @HttpCode(204)
  @Describe({
    summary: 'End this session everywhere, within a second',
    description:
      'With a key or a self-issued token: revokes that one token. The jobs that a session or token started end with it.',
    status: 204,
  })
  async logout(@Req() request: AuthenticatedRequest): Promise<void> {
    await this.bus.ask(request, logout, {});
  }

  @Put('password')
  @AnyToken()
  @HttpCode(204)
  @Describe({
    summary: 'Change your own password; ends your other sessions',
    status: 204,
    errors: ['SESSION_NEEDED', 'PASSWORD_WRONG', 'LOGIN_THROTTLED', 'VALIDATION_FAILED'],
  })
  async changePassword(
    @Req() request: AuthenticatedRequest,
    @Body({ schema: changePasswordSchema }) body: z.output<typeof changePasswordSchema>,
  ): Promise<void> {
    await this.bus.ask(request, changePassword, { ...body, address: addressGroup(request.ip) });
  }

  @Get('sessions')
  @AnyToken()
  @Describe({
    summary: 'Where you are signed in, and the devices that you let in, the newest first',
    description: 'For a person who signed in with email and password.',
    reply: signInListSchema,
    errors: ['SESSION_NEEDED', 'VALIDATION_FAILED', 'CURSOR_INVALID'],
  })
  list(
    @Req() request: AuthenticatedRequest,
    @Query({ schema: pageRequest }) query: z.output<typeof pageRequest>,
  ): Promise<ReplyOf<typeof listSessions>> {
    return this.bus.ask(request, listSessions, query);
  }

  @Delete('sessions/:id')
  @AnyToken()
  @HttpCode(204)
  @Describe({
    summary: 'End one of your sign-ins, or a device, everywhere within a second',
    description: 'The jobs that it started end with it.',
    status: 204,
    errors: ['SESSION_NEEDED', 'SESSION_NOT_FOUND'],
  })
  async end(@Req() request: AuthenticatedRequest, @Param('id') sessionId: string): Promise<void> {
    await this.bus.ask(request, endSession, { sessionId });
  }
}
