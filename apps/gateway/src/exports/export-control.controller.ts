import { cancelExport, exportSchema } from '@keyport/contracts';
import { Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { AnyToken } from '../access/scope.decorator.ts';
import { Describe } from '../http/describe.ts';
import { eventStreamType, lastEventIdHeader } from '../watching/job-events.ts';
import { ExportEvents } from './export-events.service.ts';

/** A process that was just killed is back by then. */
const patiently = { retryForMs: 15_000 };

@ApiTags('exports')
@Controller('v1/exports/:id')
export class ExportControlController {
  constructor(
    private readonly bus: BusCaller,
    private readonly events: ExportEvents,
  ) {}

  @Post('cancel')
  @AnyToken()
  @HttpCode(200)
  @Describe({
    summary: 'Cancel an export that has no file yet, and keep it in the list',
    reply: exportSchema,
    errors: ['EXPORT_NOT_FOUND', 'EXPORT_STATE'],
  })
  cancel(@Req() request: AuthenticatedRequest, @Param('id') exportId: string) {
    return this.bus.ask(request, cancelExport, { exportId }, patiently);
  }

  @Get('events')
  @AnyToken()
  @ApiHeader(lastEventIdHeader)
  @Describe({
    summary: 'Follow an export as Server-Sent Events',
    description:
      'Each event is the export with its rate as JSON, at most two a second, until it has ended. 204 where the client has that already.',
    produces: [eventStreamType],
    errors: ['EXPORT_NOT_FOUND', 'NOT_ACCEPTABLE', 'TOO_MANY_STREAMS'],
  })
  follow(@Req() request: AuthenticatedRequest, @Param('id') exportId: string, @Res() reply: FastifyReply) {
    return this.events.send(request, reply, exportId);
  }
}
