import {
  cancelImport,
  datasetName,
  getImport,
  importListSchema,
  importSchema,
  importState,
  listImports,
  type Import,
} from '@keyport/contracts';
import { Controller, Get, HttpCode, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { AnyToken, RequiresDatasetScope } from '../access/scope.decorator.ts';
import { Describe } from '../http/describe.ts';
import { jobListQuery } from '../http/job-list-query.ts';
import { importQuery } from './import-request.ts';
import { ImportWaiter } from './import-waiter.ts';
import { ImportsService } from './imports.service.ts';
import { TakesFile } from './takes-file.ts';

/** The process that holds the import may just have been killed: another one takes it over within its lease of 10 s. */
const cancelPatienceMs = 15_000;

const listQuery = jobListQuery(importState);

@ApiTags('imports')
@Controller('v1')
export class ImportsController {
  constructor(
    private readonly bus: BusCaller,
    private readonly imports: ImportsService,
    private readonly waiter: ImportWaiter,
  ) {}

  @Post('datasets/:name/imports')
  @TakesFile()
  @RequiresDatasetScope('imports:create')
  @Describe({
    summary: 'Import a file: the body is the file',
    description:
      'Answers 202 once every byte is stored durably; with `Prefer: wait=N` it waits for the end and answers 200, whatever the end: read `state`.',
    status: 202,
    reply: importSchema,
    errors: [
      'DATASET_NOT_FOUND',
      'EMPTY_FILE',
      'UNSUPPORTED_MEDIA_TYPE',
      'UNSUPPORTED_CONTENT_ENCODING',
      'UPLOAD_INCOMPLETE',
      'SPOOL_FULL',
      'TOO_MANY_IMPORTS',
      'TOO_MANY_IMPORTS_IN_ALL',
      'UPLOAD_EXCEEDS_SPOOL',
      'QUOTA_EXCEEDED',
    ],
  })
  async create(
    @Req() request: AuthenticatedRequest,
    @Param('name', { schema: datasetName }) dataset: string,
    @Query({ schema: importQuery }) options: z.output<typeof importQuery>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Import> {
    return this.waiter.settle(request, reply, await this.imports.start(request, dataset, options));
  }

  // `curl -T file` sends PUT.
  @Put('datasets/:name/imports')
  @TakesFile()
  @RequiresDatasetScope('imports:create')
  @Describe({ summary: 'Import a file, as `curl -T` sends it', status: 202, reply: importSchema })
  put(
    @Req() request: AuthenticatedRequest,
    @Param('name', { schema: datasetName }) dataset: string,
    @Query({ schema: importQuery }) options: z.output<typeof importQuery>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Import> {
    return this.create(request, dataset, options, reply);
  }

  @Get('imports')
  @AnyToken()
  @Describe({
    summary: 'List imports, newest first',
    description:
      '`state` takes several, joined with commas; `createdAfter` counts the instant in, `createdBefore` leaves it out.',
    reply: importListSchema,
    errors: ['VALIDATION_FAILED'],
  })
  list(@Req() request: AuthenticatedRequest, @Query({ schema: listQuery }) query: z.output<typeof listQuery>) {
    return this.bus.ask(request, listImports, query);
  }

  @Get('imports/:id')
  @AnyToken()
  @Describe({
    summary: 'Read an import: its state, exact counts and progress',
    reply: importSchema,
    errors: ['IMPORT_NOT_FOUND'],
  })
  get(@Req() request: AuthenticatedRequest, @Param('id') importId: string) {
    return this.bus.ask(request, getImport, { importId });
  }

  @Post('imports/:id/cancel')
  @AnyToken()
  @HttpCode(200)
  @Describe({
    summary: 'Cancel an import; what is written stays and is counted',
    reply: importSchema,
    errors: ['IMPORT_NOT_FOUND', 'IMPORT_STATE'],
  })
  cancel(@Req() request: AuthenticatedRequest, @Param('id') importId: string) {
    return this.bus.ask(request, cancelImport, { importId }, { retryForMs: cancelPatienceMs });
  }
}
