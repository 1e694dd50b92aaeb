import { pauseImport, importSchema, resumeImport } from '@keyport/contracts';
import { Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { AnyToken } from '../access/scope.decorator.ts';
import { Describe } from '../http/describe.ts';
import { eventStreamType, lastEventIdHeader } from '../watching/job-events.ts';
import { ImportEvents } from './import-events.service.ts';

/** As for a cancel: another process may have to take the import over first. */
const patiently = { retryForMs: 15_000 };

@ApiTags('imports')
@Controller('v1/imports/:id')
export class ImportControlController {
  constructor(
    private readonly bus: BusCaller,
    private readonly events: ImportEvents,
  ) {}

  @Post('pause')
  @AnyToken()
  @HttpCode(200)
  @Describe({
    summary: 'Pause an import; its upload may go on',
    reply: importSchema,
    errors: ['IMPORT_NOT_FOUND', 'IMPORT_STATE'],
  })
  pause(@Req() request: AuthenticatedRequest, @Param('id') importId: string) {
    return this.bus.ask(request, pauseImport, { importId }, patiently);
  }

  @Post('resume')
  @AnyToken()
  @HttpCode(200)
  @Describe({
    summary: 'Go on with a paused import',
    reply: importSchema,
    errors: ['IMPORT_NOT_FOUND', 'IMPORT_STATE'],
  })
  resume(@Req() request: AuthenticatedRequest, @Param('id') importId: string) {
    return this.bus.ask(request, resumeImport, { importId }, patiently);
  }

  @Get('events')
  @AnyToken()
  @ApiHeader(lastEventIdHeader)
  @Describe({
    summary: 'Follow an import as Server-Sent Events',
    description:
      'Each event is the import with its rate and remaining time as JSON, at most two a second, until the final state. 204 where the client has the final state already.',
    produces: [eventStreamType],
    errors: ['IMPORT_NOT_FOUND', 'NOT_ACCEPTABLE', 'TOO_MANY_STREAMS'],
  })
  follow(@Req() request: AuthenticatedRequest, @Param('id') importId: string, @Res() reply: FastifyReply) {
    return this.events.send(request, reply, importId);
  }
}
