import {
  createExport,
  createExportSchema,
  datasetName,
  deleteExport,
  exportListSchema,
  exportSchema,
  exportState,
  getExport,
  listExports,
} from '@keyport/contracts';
import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { AnyToken, RequiresDatasetScope } from '../access/scope.decorator.ts';
import { DataLeaves } from '../audit/data-leaves.decorator.ts';
import { Describe } from '../http/describe.ts';
import { jobListQuery } from '../http/job-list-query.ts';
import { ExportFile } from './export-file.ts';
import { fileTypes } from './media-types.ts';
import { selectionOf } from './selection.ts';

const listQuery = jobListQuery(exportState);

@ApiTags('exports')
@Controller('v1')
export class ExportsController {
  constructor(
    private readonly bus: BusCaller,
    private readonly file: ExportFile,
  ) {}

  @Post('datasets/:name/exports')
  @RequiresDatasetScope('exports:create')
  @HttpCode(202)
  @Describe({
    summary: 'Write a dataset to a file in the background',
    description:
      'With `since` only what changed: from `since` of the export of an earlier file, or `Keyport-Since` of a stream.',
    status: 202,
    reply: exportSchema,
    errors: [
      'DATASET_NOT_FOUND',
      'VALIDATION_FAILED',
      'FIELD_NOT_ALLOWED',
      'SORT_TOO_LARGE',
      'CURSOR_INVALID',
      'SNAPSHOT_UNAVAILABLE',
      'CURSOR_EXPIRED',
      'CHANGES_NOT_TRACKED',
      'CHANGES_NOT_ALLOWED',
      'CHANGES_BEHIND',
      'TOO_MANY_EXPORTS',
      'EXPORTS_FULL',
    ],
  })
  async create(
    @Req() request: AuthenticatedRequest,
    @Param('name', { schema: datasetName }) dataset: string,
    @Body({ schema: createExportSchema.default(createExportSchema.parse({})) })
    body: z.output<typeof createExportSchema>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const job = await this.bus.ask(request, createExport, { ...selectionOf(body), dataset });
    void reply.header('location', `/v1/exports/${job.id}`);
    return job;
  }

  @Get('exports')
  @AnyToken()
  @Describe({
    summary: 'List exports, newest first',
    description:
      '`state` takes several, joined with commas; `createdAfter` counts the instant in, `createdBefore` leaves it out.',
    reply: exportListSchema,
    errors: ['VALIDATION_FAILED'],
  })
  list(@Req() request: AuthenticatedRequest, @Query({ schema: listQuery }) query: z.output<typeof listQuery>) {
    return this.bus.ask(request, listExports, query);
  }

  @Get('exports/:id')
  @AnyToken()
  @Describe({ summary: 'Read an export', reply: exportSchema, errors: ['EXPORT_NOT_FOUND'] })
  get(@Req() request: AuthenticatedRequest, @Param('id') exportId: string) {
    return this.bus.ask(request, getExport, { exportId });
  }

  @Get('exports/:id/file')
  @DataLeaves()
  @AnyToken()
  @Describe({
    summary: 'Download the file of a completed export, with ranges',
    produces: fileTypes,
    errors: ['EXPORT_NOT_FOUND', 'EXPORT_NOT_READY', 'EXPORT_EXPIRED', 'PRECONDITION_FAILED', 'RANGE_NOT_SATISFIABLE'],
  })
  download(
    @Req() request: AuthenticatedRequest,
    @Param('id') exportId: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.file.send(request, reply, exportId);
  }

  @Delete('exports/:id')
  @AnyToken()
  @HttpCode(204)
  @Describe({
    summary: 'Delete an export and its file, also while it is being written',
    status: 204,
    errors: ['EXPORT_NOT_FOUND'],
  })
  async delete(@Req() request: AuthenticatedRequest, @Param('id') exportId: string): Promise<void> {
    await this.bus.ask(request, deleteExport, { exportId });
  }
}
