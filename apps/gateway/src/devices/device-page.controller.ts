import { Controller, Get, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../access/scope.decorator.ts';
import { Describe } from '../http/describe.ts';
import { readDevicePage } from './device-page.ts';

@ApiTags('auth')
@Controller('device')
export class DevicePageController {
  private readonly page = readDevicePage();

  @Get()
  @Public()
  @Describe({
    summary: 'The page on which a person allows a device what it asks for (RFC 8628 §3.3)',
    description: 'With the code as user_code in the query, or typed in.',
    produces: ['text/html'],
    isPublic: true,
  })
  show(@Res({ passthrough: true }) reply: FastifyReply): string {
    void reply.headers(this.page.headers).type('text/html; charset=utf-8');
    return this.page.html;
  }
}
