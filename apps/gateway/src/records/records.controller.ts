import { datasetName, deleteRecord, extendedJson, getRecord } from '@keyport/contracts';
import { Controller, Delete, Get, HttpCode, Param, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { RequiresDatasetScope } from '../access/scope.decorator.ts';
import { formatOfMediaType, offeredTypes } from '../exports/media-types.ts';
import { Describe } from '../http/describe.ts';
import { fieldList } from '../http/field-list.ts';
import { negotiate } from '../http/negotiate.ts';
import { RecordsStream } from './records-stream.ts';

export const recordsQuery = z.strictObject({
  fields: fieldList(1000).optional(),
  limit: z.coerce.number().int().min(1).optional(),
  ejson: extendedJson.default('relaxed'),
});

@ApiTags('records')
@Controller('v1/datasets/:name/records')
export class RecordsController {
  constructor(
    private readonly bus: BusCaller,
    private readonly records: RecordsStream,
  ) {}

  @Get()
  @RequiresDatasetScope('records:read')
  @Describe({
    summary: 'Stream the records of a dataset; the format follows Accept',
    produces: offeredTypes,
    errors: ['DATASET_NOT_FOUND', 'NOT_ACCEPTABLE', 'VALIDATION_FAILED'],
  })
  async stream(
    @Req() request: AuthenticatedRequest,
    @Param('name', { schema: datasetName }) dataset: string,
    @Query({ schema: recordsQuery }) query: z.output<typeof recordsQuery>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const format = formatOfMediaType(negotiate(request.headers.accept, offeredTypes));
    void reply.header('vary', 'Accept');
    await this.records.send(request, reply, dataset, { ...query, format });
  }

  @Get(':id')
  @RequiresDatasetScope('records:read')
  @Describe({
    summary: 'Read one record as relaxed Extended JSON',
    produces: ['application/json'],
    errors: ['RECORD_NOT_FOUND', 'RECORD_TOO_LARGE', 'DATASET_NOT_FOUND'],
  })
  async get(
    @Req() request: AuthenticatedRequest,
    @Param('name', { schema: datasetName }) dataset: string,
    @Param('id') id: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { json } = await this.bus.ask(request, getRecord, { dataset, id });
    await reply.type('application/json; charset=utf-8').send(json);
  }

  @Delete(':id')
  @RequiresDatasetScope('records:delete')
  @HttpCode(204)
  @Describe({ summary: 'Delete one record', status: 204, errors: ['RECORD_NOT_FOUND', 'DATASET_NOT_FOUND'] })
  async delete(
    @Req() request: AuthenticatedRequest,
    @Param('name', { schema: datasetName }) dataset: string,
    @Param('id') id: string,
  ): Promise<void> {
    await this.bus.ask(request, deleteRecord, { dataset, id });
  }
}
