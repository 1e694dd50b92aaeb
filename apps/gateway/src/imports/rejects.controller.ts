import {
  listCorrectableRows,
  listOf,
  listRejects,
  pageRequest,
  rejectedRowSchema,
  rejectSummarySchema,
  summarizeRejects,
} from '@keyport/contracts';
import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { AnyToken } from '../access/scope.decorator.ts';
import { DataLeaves } from '../audit/data-leaves.decorator.ts';
import { Describe } from '../http/describe.ts';
import { rejectFormats, RejectsStream } from './rejects-stream.ts';

const rejectsQuery = pageRequest.extend({
  /** Instead of `Accept`. */
  format: z.enum(rejectFormats).optional(),
});

@ApiTags('imports')
@Controller('v1')
export class RejectsController {
  constructor(
    private readonly bus: BusCaller,
    private readonly rejects: RejectsStream,
  ) {}

  @Get('imports/:id/rejects')
  @DataLeaves()
  @AnyToken()
  @Describe({
    summary: 'Rejected rows in file order: all as NDJSON or as CSV to correct, or a page by `Accept: application/json`',
    description:
      'With `Accept: text/csv` the rows of a CSV or TSV file come as they were sent, with one more column `_error`: correct them, and send them again with `csv.ignore=_error`.',
    reply: listOf(rejectedRowSchema).meta({ id: 'RejectedRowList' }),
    errors: ['IMPORT_NOT_FOUND', 'NOT_ACCEPTABLE'],
  })
  async list(
    @Req() request: AuthenticatedRequest,
    @Param('id') importId: string,
    @Query({ schema: rejectsQuery }) query: z.output<typeof rejectsQuery>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.rejects.send(request, reply, importId, query, {
      rows: (page) => this.bus.ask(request, listRejects, page),
      correctable: (page) => this.bus.ask(request, listCorrectableRows, page),
    });
  }

  @Get('imports/:id/rejects/summary')
  @AnyToken()
  @Describe({
    summary: 'How many rows were rejected, by code and path',
    reply: rejectSummarySchema,
    errors: ['IMPORT_NOT_FOUND'],
  })
  summarize(@Req() request: AuthenticatedRequest, @Param('id') importId: string) {
    return this.bus.ask(request, summarizeRejects, { importId });
  }
}
